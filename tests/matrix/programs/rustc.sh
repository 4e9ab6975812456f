# rustc, with LLVM in it: the assembly that it writes.
needs=(rustc:rustc)
patience=300

prepare() {
    awk 'BEGIN { print "use std::collections::HashMap;"; for (i = 0; i < 400; i++) printf "pub fn f%d(n: u64, m: &mut HashMap<String, Vec<u64>>) -> u64 { let mut r = n ^ %d; for i in 0..n { match (i + %d) %% 9 { 0 => r += i, 3 => { m.entry(format!(\"{}-{}\", i, r)).or_default().push(r); } 5 => r = r.rotate_left(7), _ => r = r.wrapping_mul(%d) } } m.values().flatten().filter(|x| **x > r).map(|x| x / 3).sum::<u64>() + r }\n", i, i, i, i + 3 }' >many.rs
}
finish() { :; }

work() {
    timeout "$patience" rustc --crate-type lib --edition 2021 -O -C codegen-units=2 --emit asm,metadata -o many.s many.rs 2>/dev/null || return
    sha256sum many*.s
}
targets() { named rustc; }
