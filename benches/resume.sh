#!/usr/bin/env bash
# Kills a resumable run (SIGKILL) at 20 random moments, lets it go on each time, and compares what comes out with an
# uninterrupted run, byte for byte.
#
#   TASNIF=target/release/tasnif benches/resume.sh [MEGABYTES [EXTENSION]]     200 MB of JSONL into jsonl unless told otherwise
set -euo pipefail
cd "$(dirname "$0")/.."
tasnif=${TASNIF:-target/release/tasnif}
megabytes=${1:-200} extension=${2:-jsonl} kills=${KILLS:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

while [ "$(stat -c %s "$work/in.jsonl" 2>/dev/null || echo 0)" -lt $((megabytes * 1000000)) ]; do
    for _ in $(seq 20); do cat data/*.jsonl; done >> "$work/in.jsonl"
done

started=$(date +%s%N)
"$tasnif" predict "$work/in.jsonl" --carry group --output "$work/whole.$extension" --quiet
took=$((($(date +%s%N) - started) / 1000000))
echo "$(wc -l < "$work/in.jsonl") records, $(stat -c %s "$work/in.jsonl") bytes; uninterrupted: $took ms"

run() {
    "$tasnif" predict "$work/in.jsonl" --carry group --output "$work/out.$extension" --resume --checkpoint-every 20000 --quiet
}
for kill in $(seq "$kills"); do
    run & pid=$!
    # About twice an even share, so that all kills fall before the end.
    pause=$((RANDOM % (2 * took / (kills + 4)) + 20))
    sleep "$(printf '%d.%03d' $((pause / 1000)) $((pause % 1000)))"
    if kill -KILL $pid 2>/dev/null; then
        wait $pid 2>/dev/null || true
        echo "kill $kill after $pause ms: $(stat -c %s "$work/out.$extension.partial" 2>/dev/null || echo no) bytes written"
    else
        echo "complete before kill $kill"
        break
    fi
done
[ -e "$work/out.$extension" ] || run
cmp "$work/out.$extension" "$work/whole.$extension"
[ ! -e "$work/out.$extension.partial" ] && [ ! -e "$work/out.$extension.progress" ]
echo "the same bytes: $(sha256sum < "$work/out.$extension" | cut -c 1-16)"
