# redis-server with two I/O threads under redis-benchmark; the digest of its data, and the file that its fork writes.
needs=(redis-server:redis-server redis-benchmark:redis-tools redis-check-rdb:redis-tools)
patience=240

prepare() {
    port=$(free_port)
    echo "$port" >port
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --io-threads 2 --enable-debug-command yes --dir . --daemonize yes --pidfile "$PWD/pid" --logfile log
    await redis-cli -p "$port" ping
    awk 'BEGIN { for (i = 0; i < 30000; i++) { printf "SET key:%d value%d\r\nHSET hash:%d f%d %d\r\nZADD z %d m%d\r\nRPUSH list:%d %d\r\n", i, i * 7, i % 500, i, i, i % 97, i, i % 50, i } }' >commands
}
finish() { end_server "$(cat pid)"; }

ask() { redis-cli -p "$(cat port)" "$@"; }

work() {
    ask flushall
    redis-benchmark -p "$(cat port)" -n 15000 -c 20 -P 4 --csv -t set,get,incr,lpush,lpop,sadd,hset,spop,zadd,lrange_100,mset >rates 2>&1 || return
    for i in 1 2 3; do timeout 60 redis-cli -p "$(cat port)" --pipe <commands | grep -E '^errors' || return; done
    ask debug digest
    ask info keyspace | tr -d '\r' | grep -o 'keys=[0-9]*'
    ask lrange list:7 100 109 | tr '\n' ' '
    ask zrangebyscore z 13 14 | sha256sum
    rm -f dump.rdb
    ask bgsave >/dev/null
    await saved || return
    redis-check-rdb dump.rdb | grep -E 'keys read|OK'
}

saved() { [[ -e dump.rdb ]] && ask info persistence | grep -q rdb_bgsave_in_progress:0; }

targets() { cat pid; }
