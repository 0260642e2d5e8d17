#!/bin/sh
# The library exports the functions that its header declares, and nothing else:
# test_symbols.sh LIBRARY HEADER
set -eu
exported=$(nm -D --defined-only "$1" | sed 's/^[0-9a-f]* //' | sort)
declared=$(tr '\n' ' ' <"$2" | grep -o 'EIDCACHE_API [^;(]*(' |
    sed -n 's/.*[ *]\(eidcache_[a-z_]*\)($/T \1/p' | sort)
test -n "$declared"
test "$exported" = "$declared" || {
    printf 'exported:\n%s\ndeclared:\n%s\n' "$exported" "$declared" >&2
    exit 1
}
