# openssl: digests, ciphers, keys derived, signatures checked; and its own speed, with its processes.
needs=(openssl:openssl)
patience=240

prepare() {
    openssl genrsa -out key 2048 && openssl ecparam -name prime256v1 -genkey -out curve || return
    truncate -s 150M zeros
    seq 1 1000000 >numbers
}
finish() { :; }

work() {
    openssl speed -seconds 1 -multi 2 rsa2048 ecdsap256 aes-256-cbc sha512 >speed 2>&1 || return
    grep -qE '^rsa 2048' speed || return
    for kind in sha256 sha512 sha3-256 blake2b512 md5; do openssl dgst "-$kind" zeros numbers || return; done
    openssl kdf -keylen 32 -kdfopt digest:SHA512 -kdfopt pass:secret -kdfopt salt:salt -kdfopt iter:2000000 PBKDF2 || return
    for cipher in aes-256-cbc aes-128-ctr chacha20 camellia-256-cbc; do
        openssl enc "-$cipher" -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 00112233445566778899aabbccddeeff -in numbers -out packed 2>/dev/null || return
        sha256sum <packed
        openssl enc -d "-$cipher" -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 00112233445566778899aabbccddeeff -in packed 2>/dev/null | cmp - numbers || return
    done
    for key in key curve; do
        openssl dgst -sha256 -sign "$key" -out signature numbers && openssl dgst -sha256 -prverify "$key" -signature signature numbers || return
    done
    openssl genrsa -out other 4096 2>/dev/null && openssl pkey -in other -check -noout
}
targets() { named openssl; }
