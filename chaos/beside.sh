#!/usr/bin/env bash
# Attacks a deployment in which two builds run side by side: this checkout's, and that of an earlier commit.
#
#   chaos/beside.sh COMMIT [ARGUMENTS OF interstate-chaos...]
#
# The earlier programs are built once, and kept in CACHE (~/.cache/interstate by default).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
[ $# -gt 0 ] || { sed -n '2,6p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
commit=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "chaos/beside.sh: there is no commit $1" >&2; exit 2; }
shift
cache=${CACHE:-$HOME/.cache/interstate}
programs="$cache/builds/$commit"
# Cargo knows a file by its name within the workspace and its time: two checkouts must not share what it has built.
target="$cache/builds/target"

if [ ! -e "$programs/.complete" ]; then
  tree=$(mktemp -d)
  trap 'git worktree remove --force "$tree/at"; rm -rf "$tree"' EXIT
  git worktree add --detach --quiet "$tree/at" "$commit"
  echo "chaos: building ${commit:0:10}" >&2
  (cd "$tree/at" && CARGO_TARGET_DIR="$target" cargo build --release --locked -p interstate --bins)
  mkdir -p "$programs"
  cp "$target"/release/interstate-{user,booking,location,driver,payment,analytics} "$programs"
  touch "$programs/.complete"
fi
make chaos ARGS="--beside $programs $*"
