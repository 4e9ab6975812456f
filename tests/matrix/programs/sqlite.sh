# The sqlite3 shell: a long script with digests of all tables, and a check of its own file.
needs=(sqlite3:sqlite3)
patience=240

prepare() {
    cat >script.sql <<'END'
create table n(i integer primary key, a integer, t text);
insert into n with recursive c(i) as (select 1 union all select i + 1 from c where i < 150000) select i, (i * 7919) % 100003, printf('%08x-%s', i * 2654435761 % 4294967296, hex(i)) from c;
create index na on n(a); create index nt on n(t);
select count(*), sum(a), min(t), max(t) from n;
create table g as select a % 1000 as k, count(*) as c, sum(i) as s, group_concat(substr(t, 1, 2), '') as w from n group by 1;
select count(*), sum(length(w)), sum(s) from g;
update n set t = upper(t) || a where a % 3 = 0;
delete from n where a % 11 = 5;
select count(*), sum(x.a - y.a) from n x join n y on y.i = x.a where x.i % 5 = 0;
select sum(json_extract(json_object('v', a, 'list', json_array(i, t)), '$.list[0]')) from n where i < 60000;
create virtual table f using fts5(t);
insert into f select t || ' ' || a from n where i < 40000;
select count(*) from f where f match '4*';
with recursive fib(i, x, y) as (select 0, 0, 1 union all select i + 1, y, (x + y) % 1000000007 from fib where i < 150000) select max(i), sum(x) from fib;
select sum(r * (i % 7)) from (select i, rank() over (partition by a % 50 order by t) as r from n where i < 80000);
select count(*), sum(like('%A%9', t)), sum(t glob '*[0-9]F*') from n;
vacuum;
reindex;
pragma integrity_check;
.sha3sum n
.sha3sum g
END
}
finish() { :; }

work() {
    for round in 1; do
        rm -f db
        timeout "$patience" sqlite3 -bail db <script.sql || return
    done
}
targets() { named sqlite3; }
