# Go with C: the go command reads the packages of the standard library and of its own tools, and what they depend on.
needs=(go:golang-go)
patience=240

prepare() { export GOCACHE="$PWD/cache" GO111MODULE=off; }
finish() { :; }

work() {
    for round in 1 2 3; do
        timeout "$patience" go list -deps -e -json std cmd | sha256sum
    done
}
targets() { named go; }
