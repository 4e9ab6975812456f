# nginx with two worker processes: every file by curl, packed and not, while wrk asks for all it can.
needs=(nginx:nginx-light wrk:wrk curl:curl)
patience=120

prepare() {
    mkdir -p files temp
    for size in 100 5000 300000 4000000; do seq 1 "$size" | head -c "$size" >"files/$size.txt"; done
    port=$(free_port)
    echo "$port" >port
    cat >nginx.conf <<END
daemon on; pid $PWD/pid; error_log $PWD/errors; worker_processes 2;
events { worker_connections 256; }
http {
    access_log $PWD/access combined buffer=32k; gzip on; gzip_types text/plain; default_type text/plain; keepalive_requests 100000;
    client_body_temp_path $PWD/temp/b; proxy_temp_path $PWD/temp/p; fastcgi_temp_path $PWD/temp/f; uwsgi_temp_path $PWD/temp/u; scgi_temp_path $PWD/temp/s;
    server { listen 127.0.0.1:$port; root $PWD/files; location /up/ { proxy_pass http://127.0.0.1:$port/; } }
}
END
    chmod 755 .. files
    nginx -c "$PWD/nginx.conf" -p "$PWD"
    await curl -sf "http://127.0.0.1:$port/100.txt"
}
finish() { end_server "$(cat pid)"; }

work() {
    local at load code
    at=http://127.0.0.1:$(cat port)
    timeout 60 wrk -t2 -c20 -d8s "$at/5000.txt" >wrk.out 2>&1 &
    load=$!
    for round in 1 2 3; do
        for file in 100 5000 300000 4000000; do
            for way in "$file.txt" "up/$file.txt"; do
                curl -sf -m 60 "$at/$way" | sha256sum
                curl -sf -m 60 --compressed "$at/$way" | sha256sum
            done
        done
    done
    wait "$load" || return
    grep -E 'Non-2xx|Socket errors' wrk.out
    sed -nE 's/^Requests.sec: *([0-9.]+)/\1/p' wrk.out >rate
    [[ ! -s errors ]] || tail -1 errors
}

# The two workers; the master only waits.
targets() { below "$(cat pid)"; }
