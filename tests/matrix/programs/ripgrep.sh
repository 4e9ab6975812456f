# A Rust program: ripgrep counts in a tree.
needs=(rg:ripgrep)
patience=240

prepare() {
    mkdir tree
    for i in $(seq 1 40); do
        mkdir -p "tree/$((i % 7))"
        seq "$((i * 1000))" 3 "$((i * 1000 + 900000))" | sed 's/3/three words/; s/77/Seventy /; y/9/x/' >"tree/$((i % 7))/$i.txt"
    done
}
finish() { :; }

work() {
    for round in 1; do
        timeout "$patience" rg -j2 --sort none -c -i '[a-z]+ words[0-9x]+seventy\b|(x\d){3}$' tree tree tree tree tree tree | sort | sha256sum
        timeout "$patience" rg -j2 --count-matches '\b\d{2,3}three\s\w+(four|2)?' tree tree tree tree tree tree | sort | sha256sum
    done
    timeout "$patience" rg -j2 --no-filename '^1[0-4]+three' tree tree tree tree tree tree | sort | sha256sum
}
targets() { named rg; }
