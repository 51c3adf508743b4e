#!/usr/bin/env bash
# What the build of the Kafka client needs to encrypt (Debian): openssl.sh install
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
NAME=openssl
[ "${1:-}" = install ] || { echo "usage: openssl.sh install" >&2; exit 2; }
need_debian /usr/include/openssl/ssl.h libssl-dev
need_debian /usr/bin/pkg-config pkg-config
