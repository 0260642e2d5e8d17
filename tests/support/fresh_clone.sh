#!/bin/sh
# As a newcomer would: clone, `./dev run`, and the printed lines as printed. A second run with the
# same port is refused, one with another port leaves the first alone.
set -eu

cd "$(dirname "$0")/../.."
[ -e .git ] || exit 77 # unpacked from an archive: nothing to clone
dir=$(mktemp -d)
pid=
second=
trap 'kill $pid $second 2>/dev/null || :; rm -rf "$dir"' EXIT
git clone -q . "$dir/eidcached"
cd "$dir/eidcached"
port=${PORT:-18627}
export EIDC_BUILD=build
PORT=$port ./dev run --detach | tee "$dir/printed"
pid=$(sed -n 's/.* stop it with: kill //p' "$dir/printed")
lines=$(grep -c '^  curl ' "$dir/printed")
[ "$lines" -eq 3 ] || {
    echo "$lines curl lines instead of 3" >&2
    exit 1
}
grep '^  [^ ]*\(curl\|eidctl\) ' "$dir/printed" | while read -r line; do
    echo "\$ $line"
    case $line in
    curl*) line="$line --fail-with-body -sS" ;;
    esac
    sh -ec "$line"
done

! PORT=$port ./dev run --detach >"$dir/refused" 2>&1 || {
    echo "a second run on port $port was not refused" >&2
    exit 1
}
grep "127.0.0.1:$port is taken; try PORT=$((port + 1)) ./dev run" "$dir/refused"
kill -0 "$pid"

PORT=$((port + 1)) ./dev run --detach >"$dir/printed"
second=$(sed -n 's/.* stop it with: kill //p' "$dir/printed")
for each in "$port" "$((port + 1))"; do
    curl -fsS --unix-socket "run/$each/eidcached.sock" http://localhost/readyz
    curl -fsS "http://127.0.0.1:$each/readyz"
done
kill "$second"

# what cannot start says why
mkdir -p "run/$((port + 2))/eidcached.sock"
! PORT=$((port + 2)) ./dev run --detach >"$dir/failed" 2>&1 || {
    echo "a run without its socket was called ready" >&2
    exit 1
}
grep 'is there and is not a socket' "$dir/failed"
