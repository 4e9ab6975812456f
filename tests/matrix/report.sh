# The table of the results. Read by run.

header() {
    cat <<END
# Real programs under trace, $(date '+%-d %B %Y')

Written by \`tests/matrix/run\` on: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg) at the start. Each program works once
untraced, then again while calltap arms everything that \`${scope[*]}\` allows (the libraries too), records or counts for ${armed_time/ms/ ms}, disarms and verifies, in several cycles and forms
($(printf '`%s`, ' "${forms[@]}" | sed 's/, $//')). Slow-down: time of the runs with cycles in them by time untraced (rate for nginx); most of a cycle is analysis beside the program, which has to share the CPUs.

| program | functions armed (in scope) | left out | cycles, runs | arming, ms | recorded: events, a second, calls lost | calls counted | untraced | slow-down | detach verified, results |
|---|---|---|---|---|---|---|---|---|---|
END
}

row() {
    if [[ $skipped ]]; then echo "| $name | | | | | | | | | skipped: $skipped |"; return; fi
    local armed=$armed_most slow outcome='all; the same'
    [[ $armed_least != "$armed_most" ]] && armed="$armed_least to $armed_most"
    slow=$(awk -v t="$traced_s" -v n="$runs" -v u="$untraced_s" -v ur="${untraced_rate:-0}" -v tr="${traced_rate:-0}" \
        'BEGIN { if (ur > 0 && tr > 0) printf "%.1f", ur * n / tr; else if (u > 0 && n > 0) printf "%.1f", t / n / u }')
    [[ $faults ]] && outcome="**failed**: $faults"
    echo "| $name | $armed ($wanted_most) | ${reasons//|//} | $cycles, $runs$( ((missed)) && echo "; $missed ended first") | $(span "${windows[@]}") |" \
        "$(grouped "$events"), $(grouped $((armed_ms ? events * 1000 / armed_ms : 0))), $(grouped "$calls_lost") | $(grouped "$counted") | $untraced_s s | $slow | $outcome |"
}

span() { printf '%s\n' "$@" | sort -g | sed -n '1p;$p' | paste -sd' ' | sed 's/ / to /'; }
grouped() { echo "$1" | sed -E ':a; s/^([0-9]+)([0-9]{3})/\1,\2/; ta'; }

footer() {
    echo
    echo "\"ended first\": processes that were over before they had been attached to. Took $((SECONDS / 60)) min $((SECONDS % 60)) s, load $(cut -d' ' -f1 /proc/loadavg) at the end."
}
