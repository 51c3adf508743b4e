#!/usr/bin/env bash
# PostgreSQL (Debian's package, 15 on Debian 12) in a private folder. User and database: app, no password (loopback only).
# postgres.sh start [--port P] [--dir D] | stop | status | url | install          ENGINES_IMAGES=1: postgres:17 in a container
# POSTGRES_TLS=FOLDER: only encrypted, with the folder's server.pem, server.key and ca.pem.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

IMAGE=postgres:17
bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
install_engine() {
  if from_image; then pull "$IMAGE"; return; fi
  [ -n "$(bin)" ] && [ -x "$(bin)/postgres" ] || need_debian /usr/bin/pg_createcluster postgresql-common
  [ -n "$(bin)" ] || need_debian "/usr/lib/postgresql/15/bin/postgres" postgresql-15
}
url() { echo "DATABASE_URL=postgres://app@$HOST:$PORT/app${POSTGRES_TLS:+?sslmode=verify-full&sslrootcert=$POSTGRES_TLS/ca.pem}"; }

# The server reads a key only that is its own user's alone: one that runs in a container makes a copy for itself.
encrypted() { # FOLDER_OF_THE_COPY
  settings+=(-c ssl=on -c ssl_cert_file="$1/server.pem" -c ssl_key_file="$1/server.key" -c hba_file="$1/pg_hba.conf")
  mkdir -p "$DIR/tls"
  cp "$POSTGRES_TLS/server.pem" "$POSTGRES_TLS/server.key" "$DIR/tls/"
  # by the socket, as an image's entry point makes the database
  printf '%s\n' "local all all trust" "hostssl all all $HOST/32 trust" >"$DIR/tls/pg_hba.conf"
}

do_start() {
  # nothing is synced, for the data is for tests; what was acknowledged outlives the process, not the machine
  local settings=(-p "$PORT" -c listen_addresses="$HOST" -c fsync=off -c full_page_writes=off -c max_connections=200
    -c wal_level=logical -c shared_buffers=64MB)
  if from_image; then
    rm -f "$DIR/data/pg/postmaster.pid"
    local entry=(postgres)
    if [ -n "${POSTGRES_TLS:-}" ]; then
      encrypted /tls
      entry=(bash -c 'install -d -o postgres /tls; install -o postgres -m 600 "$0"/* /tls/; exec docker-entrypoint.sh postgres "$@"' "$DIR/tls")
    fi
    launch_image "$DIR/pid" "$DIR/log" "$IMAGE" --shm-size 256m --env PGDATA="$DIR/data/pg" --env POSTGRES_USER=app \
      --env POSTGRES_DB=app --env POSTGRES_HOST_AUTH_METHOD=trust -- "${entry[@]}" "${settings[@]}"
    wait_ready 60 docker exec "$(cat "$DIR/container")" pg_isready -q -h "$HOST" -p "$PORT"
    return
  fi
  local b; b="$(bin)"; own postgres "$DIR/data"; chmod 700 "$DIR/data"
  if [ ! -s "$DIR/data/PG_VERSION" ]; then
    ( as_user postgres "$b/initdb" -D "$DIR/data" -U app -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions ) >>"$DIR/log" 2>&1 || { tail -n 20 "$DIR/log" >&2; die "initdb failed"; }
  fi
  if [ -n "${POSTGRES_TLS:-}" ]; then encrypted "$DIR/tls"; own postgres "$DIR/tls"; chmod 600 "$DIR/tls/server.key"; fi
  rm -f "$DIR/data/postmaster.pid"              # ours is not running; a leftover is from a kill
  launch "$DIR/pid" "$DIR/log" bash -c '. "$0"; DIR="$1"; shift; as_user postgres "$@"' "$ENGINES_DIR/lib.sh" "$DIR" \
    "$b/postgres" -D "$DIR/data" -c unix_socket_directories='' "${settings[@]}"
  wait_ready 60 "$b/pg_isready" -q -h "$HOST" -p "$PORT"
  "$b/psql" -h "$HOST" -p "$PORT" -U app -d postgres -Atqc "SELECT 1 FROM pg_database WHERE datname='app'" | grep -q 1 ||
    "$b/createdb" -h "$HOST" -p "$PORT" -U app app
}
do_stop() { stop_pid "$DIR/pid" INT; }          # INT: fast shutdown

parse_args postgres 25432 "$@"
