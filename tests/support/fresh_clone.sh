#!/bin/sh
# As a newcomer would: clone, `./dev run`, and the printed curl lines as printed.
set -eu

cd "$(dirname "$0")/../.."
[ -e .git ] || exit 77 # unpacked from an archive: nothing to clone
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT
git clone -q . "$dir/eidcached"
cd "$dir/eidcached"
PORT=${PORT:-18627} EIDC_BUILD=build ./dev run --detach | tee "$dir/printed"
pid=$(sed -n 's/.* stop it with: kill //p' "$dir/printed")
lines=$(grep -c '^  curl ' "$dir/printed")
[ "$lines" -eq 3 ] || {
    echo "$lines curl lines instead of 3" >&2
    exit 1
}
grep '^  curl ' "$dir/printed" | while read -r line; do
    echo "\$ $line"
    sh -ec "$line --fail-with-body -sS"
done
