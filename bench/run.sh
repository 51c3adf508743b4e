#!/usr/bin/env bash
# Measures everything on this machine and prints one table. Progress goes to standard error.
#
#   bench/run.sh [--only NAME,NAME...] [--quick]
#
# Names: command-latency question durable records saga bookings fixes rebuild projections takeover positions idle. It starts its own Kafka (java, mvn)
# and its own Restate (npm). What cannot be measured is an ERROR in the table, and the exit status says so.
# Environment: CARGO_TARGET_DIR, ENGINES_HOME (downloads), BENCH_LINES (keeps the lines of figures in this file).
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/interstate/target}
export ENGINES_HOME=${ENGINES_HOME:-$HOME/.cache/interstate/engines}
all=command-latency,question,durable,records,saga,bookings,fixes,rebuild,projections,takeover,positions,idle
only=$all quick=0
while [ $# -gt 0 ]; do
  case "$1" in
    --only) only="$2"; shift 2;;
    --quick) quick=1; shift;;
    *) sed -n '2,8p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2;;
  esac
done
for name in ${only//,/ }; do
  case ",$all," in *",$name,"*) ;; *) echo "bench/run.sh: there is no measurement $name" >&2; exit 2;; esac
done
full() { if [ $quick = 1 ]; then echo "$2"; else echo "$1"; fi; } # in full, quick
wanted() { case ",$only," in *",$1,"*) return 0;; esac; return 1; }
say() { echo "bench: $*" >&2; }

kafka_dir=$(mktemp -d)
lines=${BENCH_LINES:-$kafka_dir/lines}
: >"$lines"
kafka=dev/engines/kafka.sh
brokers=""
finish() {
  [ -z "$brokers" ] || "$kafka" stop --dir "$kafka_dir/kafka" >/dev/null 2>&1
  rm -rf "$kafka_dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

say "building"
cargo build --release --locked -p interstate -p interstate-bench >&2 || exit 1
bench="$CARGO_TARGET_DIR/release/interstate-bench"

# Runs a command whose output are lines of figures. A failure is told at once, and again in the table.
measure() {
  local began=$SECONDS
  say "$*"
  "$@" >"$kafka_dir/out" || say "FAILED: $*"
  tee -a "$lines" <"$kafka_dir/out" >&2
  say "took $((SECONDS - began)) s"
}
free_port() { # one whose neighbour 100 above is free too; below those that the system gives to outgoing connections
  local port
  for port in $(seq 18092 7 18900); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || (exec 3<>"/dev/tcp/127.0.0.1/$((port + 100))") 2>/dev/null ||
      { echo "$port"; return; }
  done
}
# An empty Kafka each time: a platform would meet the drivers of the run before, who are gone.
start_kafka() {
  [ -z "$brokers" ] || "$kafka" stop --dir "$kafka_dir/kafka" >/dev/null 2>&1
  brokers=$("$kafka" start --fresh --dir "$kafka_dir/kafka" --port "$(free_port)") || { brokers=""; say "no Kafka: its rows are errors"; return 1; }
}

"$bench" machine >>"$lines"
wanted durable && for _ in $(seq "$(full 3 1)"); do measure "$bench" durable --seconds "$(full 5 2)"; done
wanted question && measure "$bench" question --seconds "$(full 10 3)"
if wanted saga; then
  bench/peers/restate/run.sh install || say "no Restate: its rows are errors"
  for _ in $(seq "$(full 3 1)"); do
    measure "$bench" saga --count "$(full 5000 1000)"
    measure bench/peers/restate/run.sh --count "$(full 5000 1000)"
  done
fi
wanted idle && measure "$bench" idle
wanted rebuild && measure "$bench" rebuild --bookings "$(full 10000 1000)" --turns "$(full 3 1)"
# The stores' own servers, and the projections' own suites: each starts what it needs.
suite() { cargo test --release --locked -q -p "$1" --test "$2" -- --ignored --nocapture speed | grep '^{'; }
projection() { # package, suite, server
  dev/engines/"$3".sh install >&2 && measure suite "$1" "$2"
}
if wanted projections; then
  projection interstate-user postgres postgres
  projection interstate-booking mongodb mongo
  projection interstate-analytics clickhouse clickhouse
fi
wanted fixes && for _ in $(seq "$(full 2 1)"); do
  for drivers in 16 64; do measure "$bench" fixes --drivers $drivers --seconds "$(full 10 3)"; done
done
many_bookings() { measure "$bench" bookings --count "$(full 1500 600)" "$@"; }
one_booking() { measure "$bench" bookings --riders 1 --count "$(full 200 50)" "$@"; }
if wanted bookings; then many_bookings; one_booking; fi
if wanted command-latency || wanted records || wanted takeover; then
  start_kafka && {
    if wanted command-latency; then measure "$bench" command-latency --brokers "$brokers" --seconds "$(full 15 3)"; fi
    if wanted records; then measure "$bench" records --brokers "$brokers" --commands "$(full 400000 50000)" --tool-records "$(full 2000000 300000)"; fi
    if wanted takeover; then measure "$bench" takeover --brokers "$brokers" --events "$(full 5000000 200000)"; fi
  }
fi
if wanted positions; then
  dev/engines/redis.sh install >&2
  start_kafka && measure "$bench" positions --brokers "$brokers" --seconds "$(full 15 5)"
fi
if wanted bookings; then
  start_kafka && many_bookings --kafka "$brokers"
  start_kafka && many_bookings --kafka "$brokers" --instances 2
  start_kafka && {
    measure "$bench" transactions --brokers "$brokers" --count "$(full 2000 300)"
    one_booking --kafka "$brokers"
  }
fi
# shellcheck disable=SC2086
"$bench" table ${only//,/ } <"$lines"
