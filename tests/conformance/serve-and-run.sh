#!/usr/bin/env bash
# Serves a fresh sandbox on a free port of this machine and drives it with boto3.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-python3}
cargo build -q -p wharf-sandbox --example serve
address=$(mktemp)
"${CARGO_TARGET_DIR:-target}/debug/examples/serve" 0 40 >"$address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$address"' EXIT
for _ in $(seq 100); do
    [ -s "$address" ] && break
    sleep 0.1
done
"$python" tests/conformance/run.py "http://$(cat "$address")"
