#!/bin/sh
# The example of the documentation, on an image that eidctl made: test_example.sh EIDCTL EXAMPLE
set -eu
image=$(mktemp)
trap 'rm -f "$image"' EXIT
printf 'sales\na\n' | "$1" image build -O "$image"
expected=$(printf 'sales\t%s' "$(printf %s sales | sha256sum | cut -c1-32)")
test "$("$2" "$image" sales)" = "$expected"
code=0
"$2" "$image" none 2>/dev/null || code=$?
test "$code" = 4
code=0
"$2" /proc/nonexistent sales 2>/dev/null || code=$?
test "$code" = 1
