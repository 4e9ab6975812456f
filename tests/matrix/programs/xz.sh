# xz with two threads; packed and unpacked again.
needs=(xz:xz-utils)
patience=240

prepare() { seq 1 3000000 | sed 's/7/seven/' >numbers; }
finish() { :; }

work() {
    timeout "$patience" xz -T2 -4 --block-size=8MiB -k -c numbers >packed || return
    sha256sum <packed
    timeout "$patience" xz -dc packed | cmp - numbers
}
targets() { named xz; }
