# One cycle: everything that the scope allows is armed in a process, by calltap as users have it, and disarmed again. Read by run.

scope=(--all)
armed_time=500ms
cycle_patience=120 # seconds; a machine that is busy with other things analyses slowly
forms=("record" "count" "record --int3 park" "count --int3 caller" "record --op graph:* --op count:*")

cycles=0 missed=0 runs=0 events=0 calls_lost=0 counted=0 armed_ms=0 windows=() armed_least= armed_most= wanted_most=0 reasons= faults= skipped=
untraced_s=0 traced_s=0 untraced_rate= traced_rate=

fault() { faults+="${faults:+; }${1//|//}"; }
skip() { skipped=$1; }

# cycle PID
cycle() {
    local pid=$1 form=${forms[cycles % ${#forms[@]}]} code
    set -f # the globs are for calltap
    local -a arguments=($form)
    set +f
    local verb=${arguments[0]}
    [[ $verb == record ]] && arguments+=(-o trace --max-size 200MB)
    timeout -s INT -k 30 "$cycle_patience" "${calltap[@]}" "${arguments[@]}" "${scope[@]}" -p "$pid" --duration "$armed_time" >cycle.out 2>cycle.err
    code=$?
    if ((code != 0)) && is_over "$pid"; then missed=$((missed + 1)); return; fi
    cycles=$((cycles + 1))
    if ((code != 0)); then
        fault "cycle $cycles ($form of $(cat "/proc/$pid/comm")): exit code $code: $(grep -v '^   at' cycle.err | tail -1)"
        timeout 60 "${calltap[@]}" detach -p "$pid" >/dev/null 2>&1 # what a calltap has left that was killed
        return
    fi
    read_cycle "$verb"
    check_cycle "$verb" "$pid" "$form"
}

# Whether the process has ended, or ended while it was being attached to.
is_over() { [[ ! -e /proc/$1/exe ]] || grep -q 'ended, or started another program' cycle.err; }

read_cycle() {
    local armed wanted
    read -r armed wanted windows[cycles] < <(sed -nE 's/^armed ([0-9]+) of ([0-9]+) functions in ([0-9.]+) ms.*/\1 \2 \3/p' cycle.err)
    [[ $armed_least && $armed_least -le ${armed:-0} ]] || armed_least=${armed:-0}
    if ((${armed:-0} > ${armed_most:-0} || wanted_most == 0)); then
        armed_most=${armed:-0} wanted_most=${wanted:-0}
        reasons=$(sed -nE 's/^armed .*left out: (.*)/\1/p' cycle.err)
    fi
    if [[ $1 == record ]]; then
        events=$((events + $(number 's/^trace: ([0-9,]+) events?,.*/\1/p' cycle.err)))
        calls_lost=$((calls_lost + $(number 's/^trace: .*MB, ([0-9,]+) calls?.*lost.*/\1/p' cycle.err)))
        armed_ms=$((armed_ms + 500))
    else
        counted=$((counted + $(number 's/^# ([0-9,]+) calls? of .* in .* s$/\1/p' cycle.out)))
    fi
}

number() { local n; n=$(sed -nE "$1" "$2" | tail -1 | tr -d ,); echo "${n:-0}"; }

# What must hold behind a cycle: the command says that all bytes are as they were, and nobody finds anything armed.
check_cycle() {
    if [[ $1 == record ]]; then
        grep -qE 'all bytes restored and verified|nothing is left to restore' cycle.err || fault "cycle $cycles ($3): $(tail -1 cycle.err)"
        timeout 60 "${calltap[@]}" report trace --top 1 >report.out 2>&1 || fault "cycle $cycles: the trace is not readable: $(tail -1 report.out)"
        rm -f trace
    fi
    timeout 60 "${calltap[@]}" status -p "$2" >status.out 2>&1
    (($? == 1)) || is_over "$2" || fault "cycle $cycles ($3): still armed: $(tail -1 status.out)"
}
