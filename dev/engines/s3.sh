#!/usr/bin/env bash
# A server that speaks S3's protocol (moto, from PyPI), with one bucket, `rides`; everything is in its memory. It takes any
# credentials and checks no signature.
# s3.sh start [--port P] [--dir D] | stop | status | url | install       needs python3 with venv, and curl
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

V=5.2.5 VENV="$ENGINES_HOME/moto-5.2.5"
install_engine() {
  need_debian /usr/bin/curl curl
  [ -e "$VENV/.complete" ] && return 0
  mkdir -p "$ENGINES_HOME"
  ( exec 7>"$ENGINES_HOME/.moto.lock"; flock 7
    [ -e "$VENV/.complete" ] && exit 0
    python3 -m venv "$VENV" >&2
    "$VENV/bin/pip" install -q "moto[s3]==$V" flask flask-cors >&2
    touch "$VENV/.complete" )
}
url() { echo "AWS_ENDPOINT_URL=http://$HOST:$PORT"; }
do_start() {
  launch "$DIR/pid" "$DIR/log" "$VENV/bin/moto_server" -H "$HOST" -p "$PORT"
  wait_ready 60 curl -sf -X PUT "http://$HOST:$PORT/rides"
}

parse_args s3 29555 "$@"
