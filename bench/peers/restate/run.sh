#!/usr/bin/env bash
# The saga of `interstate-bench saga` on Restate: starts one server (npm) and the handlers (cargo), warms them
# up, and prints one line of JSON for a run. `run.sh install` only fetches and builds.
#
#   run.sh [install] [--count N] [--concurrency N]
#
# Environment: ENGINES_HOME (downloads, build and data).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
home=${ENGINES_HOME:-$HOME/.cache/interstate/engines}/restate
version=1.7.12
count=5000 concurrency=64 only_install=0
while [ $# -gt 0 ]; do
  case "$1" in
    install) only_install=1; shift;;
    --count) count="$2"; shift 2;;
    --concurrency) concurrency="$2"; shift 2;;
    *) echo "restate/run.sh: unknown argument: $1" >&2; exit 2;;
  esac
done

for tool in npm cargo curl; do
  command -v "$tool" >/dev/null || { echo "restate/run.sh: $tool is missing" >&2; exit 1; }
done
mkdir -p "$home"
find_server() { find "$home/npm-$version/node_modules/@restatedev" -path '*/bin/restate-server' -type f -size +1M 2>/dev/null | head -1; }
if [ -z "$(find_server)" ]; then
  npm install --silent --no-save --ignore-scripts --prefix "$home/npm-$version" "@restatedev/restate-server@$version" >&2
fi
server=$(find_server)
[ -n "$server" ] || { echo "restate/run.sh: npm brought no restate-server for this machine" >&2; exit 1; }
CARGO_TARGET_DIR="$home/target" cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml" >&2
peer="$home/target/release/restate-peer"
[ "$only_install" = 0 ] || exit 0

data=$(mktemp -d "$home/data.XXXXXX")
pids=()
finish() {
  for pid in "${pids[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$data"
}
trap finish EXIT

# The write-ahead log is synced, as Restate does by default and as Interstate does.
cat >"$data/restate.toml" <<TOML
cluster-name = "bench"
default-num-partitions = 4
disable-telemetry = true
log-filter = "warn"
bind-address = "127.0.0.1:15122"
[admin]
bind-address = "127.0.0.1:19070"
[ingress]
bind-address = "127.0.0.1:18080"
[log-server]
rocksdb-disable-wal-fsync = false
TOML
"$server" --config-file "$data/restate.toml" --base-dir "$data/store" --node-name bench >"$data/server.log" 2>&1 &
pids+=($!)
"$peer" serve 127.0.0.1:19080 >"$data/handlers.log" 2>&1 &
pids+=($!)

answers() { # seconds, curl's arguments
  local until=$((SECONDS + $1)); shift
  until curl -fs -o /dev/null --max-time 5 "$@"; do
    [ $SECONDS -lt $until ] || { tail -n 20 "$data"/*.log >&2; echo "restate/run.sh: no answer: $*" >&2; exit 1; }
    sleep 0.2
  done
}
answers 60 http://127.0.0.1:19070/health
answers 30 -X POST http://127.0.0.1:19070/deployments -H 'content-type: application/json' \
  -d '{"uri":"http://127.0.0.1:19080"}'
"$peer" load http://127.0.0.1:18080 warm 500 "$concurrency" "${pids[@]}" >/dev/null
"$peer" load http://127.0.0.1:18080 run "$count" "$concurrency" "${pids[@]}"
