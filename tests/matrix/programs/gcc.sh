# gcc building C and C++: what cc1, cc1plus and as write, assembly and object files.
needs=(gcc:gcc g++:g++)
patience=300

prepare() {
    awk 'BEGIN { for (i = 0; i < 400; i++) { printf "struct s%d { int a[%d]; double d; };\n", i, i % 9 + 2;
        printf "double f%d(struct s%d *p, int n) { double r = p->d; for (int i = 0; i < n; i++) { switch ((i + %d) %% 11) { case 0: r += p->a[i %% 3]; break; case 1: r *= 1.5; break; case 5: r -= n; break; case 7: r = -r; break; case 9: p->a[i & 1] ^= n; break; default: r += i * p->a[(i * %d) %% 2]; } if (r > n * %d.0) r /= 3; } return r; }\n", i, i, i, i + 1, i + 2 } }' >many.c
    awk 'BEGIN { print "#include <map>\n#include <regex>\n#include <string>\n#include <vector>\n#include <algorithm>\n#include <functional>";
        for (i = 0; i < 4; i++) { printf "template <int N> struct t%d { std::map<std::string, std::vector<int>> m; int run(int x) { m[std::to_string(x + N)].push_back(x); std::vector<int>& v = m.begin()->second; std::sort(v.begin(), v.end(), [=](int a, int b) { return (a ^ N) < (b ^ N); }); return t%d<N - 1>().run(x) + v.front(); } };\ntemplate <> struct t%d<0> { int run(int x) { return x; } };\nint g%d(int x) { return t%d<14>().run(x); }\n", i, i, i, i, i } print "bool h(const std::string& s) { return std::regex_match(s, std::regex(\"a(b|c)*d\")); }" }' >deep.cc
}
finish() { :; }

work() {
    timeout "$patience" gcc -O2 -S -o many.s many.c &
    local one=$!
    timeout "$patience" g++ -O2 -c -frandom-seed=1 -o deep.o deep.cc || return
    wait "$one" || return
    timeout "$patience" as -o many.o many.s || return
    sha256sum many.s many.o deep.o
}
targets() { named cc1 cc1plus; }
