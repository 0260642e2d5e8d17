#!/bin/sh
# Makes the zip of the function: `bootstrap`, the program, every library it needs, the C library
# too, and the configuration. The same input gives the same bytes.
#   package.sh BUILD [CONFIG]
set -eu

build=$1
here=$(dirname "$0")
config=${2:-$here/eidcached.yaml}
zip=$(cd "$build" && pwd)/eidcached-lambda.zip
stage=$build/lambda

rm -rf "$stage" "$zip"
mkdir -p "$stage/lib"
install -m 755 "$here/bootstrap" "$build/src/daemon/eidcached" "$stage"
install -m 644 "$config" "$stage/eidcached.yaml"
strip "$stage/eidcached"

ldd "$stage/eidcached" | grep -o '/[^ ]*' | sort -u | while read -r path; do
    install -m 755 "$path" "$stage/lib" # follows links; the loader is one of them
done

find "$stage" -exec touch -d "@${SOURCE_DATE_EPOCH:-315532800}" {} +
(cd "$stage" && find . -type f | LC_ALL=C sort | TZ=UTC zip -q -X -9 "$zip" -@)
ls -l "$zip"
