#!/usr/bin/env bash
# Prints what a plan costs: calls, rounds, wall time at 50 ms a call, memory, and the binary's size.
set -euo pipefail
cd "$(dirname "$0")/.."
wharf=${CARGO_TARGET_DIR:-target}/release/wharf
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export WHARF_SANDBOX="$home/sandbox" WHARF_SANDBOX_SPEED=1000 HOME="$home"

measure() { # label, arguments
    local label=$1; shift
    local best=999999 worst=0 ms start
    for _ in 1 2 3 4 5; do
        start=$(date +%s%N)
        "$wharf" "$@" >"$home/out" 2>"$home/err"
        ms=$(( ($(date +%s%N) - start) / 1000000 ))
        (( ms < best )) && best=$ms
        (( ms > worst )) && worst=$ms
    done
    printf '%-44s %5d to %d ms   %s\n' "$label" "$best" "$worst" "$(grep -m1 -E 'reads? in' "$home/err" || true)"
}

memory() { # label, arguments
    local label=$1; shift
    printf '%-44s %s KiB\n' "$label" "$(/usr/bin/env python3 - "$wharf" "$@" <<'PY'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
)"
}

echo "binary (stripped): $(( $(stat -c %s "$wharf") / 1024 / 1024 )) MiB; bound 40"
measure "start (check, no AWS)" check --file specs/https.yaml
python3 tests/bench_apply.py first-call "$wharf" specs/https.yaml
# A minute of AWS in a second, and calls that take their time: what waits is the greater part.
WHARF_SANDBOX_SPEED=60 WHARF_SANDBOX_LATENCY_MS=50 "$wharf" plan --sandbox="$home/timed" \
    --file specs/shop.yaml --out "$home/plan.json" >/dev/null 2>&1
WHARF_SANDBOX_SPEED=60 WHARF_SANDBOX_LATENCY_MS=50 "$wharf" apply "$home/plan.json" --yes --format json \
    --wait-image 10m --sandbox="$home/timed" >"$home/events" 2>"$home/err"
python3 tests/bench_apply.py critical "$home/plan.json" "$home/events"
"$wharf" apply --yes --file specs/https.yaml >/dev/null 2>&1
measure "no-op plan, HTTPS service, no latency" plan -v --file specs/https.yaml
export WHARF_SANDBOX_LATENCY_MS=50
measure "no-op plan, HTTPS service, 50 ms a call" plan -v --file specs/https.yaml
echo "                                             bound: 30 calls, 3 rounds, 245 ms"
unset WHARF_SANDBOX_LATENCY_MS
memory "peak memory of that plan (bound 64 MiB)" plan --file specs/https.yaml

python3 - >"$home/many.yaml" <<'PY'
print("version: 1\napp: many\nregion: eu-west-1\nservices:")
for index in range(100):
    print(f"  s{index}: {{ image: {{ tag: v1 }}, command: [work] }}")
PY
memory "peak memory of a plan of 100 services (128)" plan --file "$home/many.yaml"
measure "first plan of 100 services, no latency" plan -v --file "$home/many.yaml"
