#!/usr/bin/env bash
# Starts the named engines and prints their URLs as env lines on stdout (progress goes to stderr):
#   up.sh postgres redis mongo clickhouse kafka           eval "$(up.sh postgres redis)"; export them as needed
#   up.sh --export ...                                    prints 'export KEY=VALUE' lines
#   up.sh postgres=35432 redis                            with a port of one's own
# Engines: postgres redis rabbitmq mongo clickhouse kafka. Started ones are left as they are.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pre=""; [ "${1:-}" != --export ] || { pre="export "; shift; }
[ $# -gt 0 ] || { sed -n '2,6s/^# \?//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
rc=0
for a in "$@"; do
  e="${a%%=*}"; args=(start); [ "$e" = "$a" ] || args+=(--port "${a#*=}")
  case "$e" in *[!a-z]*|up|down|lib) echo "up.sh: unknown engine: $e" >&2; exit 2;; esac
  [ -f "$HERE/$e.sh" ] || { echo "up.sh: unknown engine: $e" >&2; exit 2; }
  t=$SECONDS
  if out="$(bash "$HERE/$e.sh" "${args[@]}")"; then
    if [ "$e" = kafka ]; then out="KAFKA_BOOTSTRAP_SERVERS=$(bash "$HERE/kafka.sh" bootstrap)"; fi
    echo "up.sh: $e up ($((SECONDS - t)) s)" >&2
    grep -E '^[A-Z][A-Z0-9_]*=' <<<"$out" | sed "s|^|$pre|"
  else
    echo "up.sh: $e FAILED" >&2; rc=1
  fi
done
exit $rc
