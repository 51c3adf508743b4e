#!/usr/bin/env bash
# Stops the named engines (their data stays); without names, all those here.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
[ $# -gt 0 ] || set -- s3 clickhouse rabbitmq mongo redis postgres kafka
rc=0
for e in "$@"; do
  case "$e" in *[!a-z0-9]*|up|down|lib) echo "down.sh: unknown engine: $e" >&2; exit 2;; esac
  [ -f "$HERE/$e.sh" ] || continue
  if [ "$e" = kafka ] && ! bash "$HERE/kafka.sh" bootstrap >/dev/null 2>&1; then continue; fi   # no cluster was ever started
  bash "$HERE/$e.sh" stop >&2 || { echo "down.sh: $e: stop failed" >&2; rc=1; }
done
exit $rc
