# PostgreSQL under pgbench: reading, and TPC-B, whose four sums have to agree. The postmaster, from which backends are forked, and live backends in turn.
bin=$(dirname "$(echo /usr/lib/postgresql/*/bin/initdb)" | tail -1)
needs=("$bin/initdb:postgresql" "$bin/pgbench:postgresql" runuser:util-linux)
patience=240

as_owner() { runuser -u postgres -- "$@"; }

prepare() {
    mkdir data && chown postgres data || return
    as_owner "$bin/initdb" -D data -A trust >initdb.log || return
    echo "listen_addresses = ''
unix_socket_directories = '$PWD/data'
shared_buffers = 64MB
fsync = off" >>data/postgresql.conf
    as_owner "$bin/pg_ctl" -D data -l data/log -w start
}
finish() { as_owner "$bin/pg_ctl" -D data -m immediate stop; }

ask() { as_owner psql -h "$PWD/data" -At -v ON_ERROR_STOP=1 -c "$1" postgres; }
load() { as_owner "$bin/pgbench" -h "$PWD/data" "$@" postgres >pgbench.out 2>&1; }

work() {
    load -i -s 2 -q || return
    load -n -S -c 4 -j 2 -t 4000 --random-seed=7 || return
    sed -nE 's/^number of (transactions actually processed|failed transactions): ([0-9/]+).*/\1 \2/p' pgbench.out
    load -n -c 4 -j 2 -t 800 --random-seed=7 || return
    load -n -C -S -c 2 -t 150 --random-seed=7 || return # a new backend for each
    sed -nE 's/^number of (transactions actually processed|failed transactions): ([0-9/]+).*/\1 \2/p' pgbench.out
    ask "select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches), (select sum(tbalance) from pgbench_tellers), (select sum(delta) from pgbench_history), (select count(*) from pgbench_history)"
    ask "select md5(string_agg(aid || ':' || abalance, ',' order by aid)), count(distinct md5(aid::text)) from pgbench_accounts"
    grep -E 'FATAL|PANIC|terminated by signal' data/log
    return 0
}

targets() {
    head -1 data/postmaster.pid
    below "$(head -1 data/postmaster.pid)" | shuf
}
