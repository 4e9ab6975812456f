# A program of Go alone: gofmt simplifies the Go toolchain's own sources.
needs=(gofmt:golang-go)
patience=240

prepare() { :; }
finish() { :; }

work() {
    local sources
    sources=$(go env GOROOT)/src
    for round in 1 2; do
        # Some of its test data are no Go: exit code 2.
        (cd "$sources" && timeout "$patience" gofmt -s -d cmd/compile cmd/link net crypto go 2>&1; echo "exit code $?") | sha256sum
    done
}
targets() { named gofmt; }
