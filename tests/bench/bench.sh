#!/bin/sh
# Benchmarks against peers: bench.sh BUILD NAME [OPTION...]; tests/bench/NAME.sh is one.
set -eu

here=$(dirname "$0")

names() {
    for script in "$here"/*.sh; do
        name=$(basename "$script" .sh)
        [ "$name" = bench ] || printf ' %s' "$name"
    done
}

build=$1
name=${2:-}
case $name in
"" | bench | *[!a-z]*) script= ;;
*) script=$here/$name.sh ;;
esac
if [ -z "$script" ] || [ ! -x "$script" ]; then
    echo "usage: ./dev bench NAME [OPTION...], one of:$(names)" >&2
    exit 2
fi
shift 2
exec "$script" "$build" "$@"
