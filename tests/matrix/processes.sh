# Processes and times. Read by run.

# The pids below a process, those of all its threads' children, deepest last.
below() {
    local child
    for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
        echo "$child"
        below "$child"
    done
}

# The pids below the work that run one of these programs (comm).
named() {
    local pid name comm
    for pid in $(below "$work_pid"); do
        comm=$(cat "/proc/$pid/comm" 2>/dev/null)
        for name in "$@"; do [[ $comm == "$name" ]] && echo "$pid"; done
    done
}

# Ends a process and all below it, by their pids.
end_tree() {
    local pids
    pids="$1 $(below "$1" | tr '\n' ' ')"
    kill -KILL $pids 2>/dev/null
}

# Asks a server to end, and waits until it has.
end_server() { kill "$1" && await is_gone "$1"; }
is_gone() { [[ ! -e /proc/$1/exe ]]; }

# A port on loopback that nobody listens on.
free_port() {
    local port
    for port in $(shuf -i 20000-30000 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# Waits up to ten seconds until a command succeeds.
await() {
    local i
    for ((i = 0; i < 200; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
    return 1
}

since() { add "$EPOCHREALTIME" "-$1"; }
add() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a + b }'; }
