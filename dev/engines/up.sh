#!/usr/bin/env bash
# Starts the named engines and prints where they are as Interstate's settings on stdout (progress goes to stderr):
#   up.sh postgres redis mongo clickhouse kafka
#   eval "$(up.sh --export kafka postgres)"               'export NAME=value' lines, for programs that are started next
#   up.sh postgres=35432 redis                            with a port of one's own
# Name all stores in one call: one setting, DB_CONNECTION, names them all.
# Engines: postgres redis rabbitmq mongo clickhouse kafka s3. Started ones are left as they are.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
pre=""; [ "${1:-}" != --export ] || { pre="export "; shift; }
[ $# -gt 0 ] || { sed -n '2,7s/^# \?//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
rc=0; tables=""; documents=""
for a in "$@"; do
  e="${a%%=*}"; args=(start); [ "$e" = "$a" ] || args+=(--port "${a#*=}")
  case "$e" in *[!a-z0-9]*|up|down|lib) echo "up.sh: unknown engine: $e" >&2; exit 2;; esac
  [ -f "$HERE/$e.sh" ] || { echo "up.sh: unknown engine: $e" >&2; exit 2; }
  t=$SECONDS
  if out="$(bash "$HERE/$e.sh" "${args[@]}")"; then
    if [ "$e" = kafka ]; then out="KAFKA_BROKERS=$(bash "$HERE/kafka.sh" bootstrap)"; fi
    echo "up.sh: $e up ($((SECONDS - t)) s)" >&2
    while IFS='=' read -r name value; do
      case "$name" in
        DATABASE_URL) tables="$value";;
        MONGODB_URI) documents="$value";;
        AMQP_URL) echo "${pre}RABBITMQ_URL=$value";;
        [A-Z]*) echo "$pre$name=$value";;
      esac
    done <<<"$out"
  else
    echo "up.sh: $e FAILED" >&2; rc=1
  fi
done
# One setting names both kinds of stores; what no server keeps is kept in files.
stores="$tables${documents:+ $documents}"; { [ -n "$tables" ] && [ -n "$documents" ]; } || stores+=" sqlite:"
[ "$stores" = " sqlite:" ] || echo "${pre}DB_CONNECTION='${stores# }'"
exit $rc
