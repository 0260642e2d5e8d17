#!/bin/sh
# Server CPU and latency of HTTP beside peers: http.sh BUILD [--seconds N] [--passes N] [--names N]
# [--alone], or http.sh BUILD crowd [OPTION...]: probes beside a crowd of idle and slow clients.
# A peer that is missing is installed from Debian by root.
set -eu

here=$(dirname "$0")
build=$1
shift
out=$build/bench
flags="-O2 -std=gnu17 -D_GNU_SOURCE -Wall -Wextra"

say() {
    echo "bench: $*" >&2
}

install_peers() {
    packages=
    for program in /usr/sbin/nginx:nginx-light /usr/sbin/haproxy:haproxy /usr/bin/webdis:webdis \
        /usr/bin/redis-server:redis-server /usr/bin/go:golang-go /usr/bin/python3:python3; do
        [ -x "${program%:*}" ] || packages="$packages ${program#*:}"
    done
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "these are needed (or --alone):$packages"
        exit 1
    fi
    say "installing$packages"
    apt-get update -q >&2
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >&2
}

case " $* " in
" crowd "*)
    shift
    exec /usr/bin/python3 "$here/crowd.py" "$build/src/daemon/eidcached" "$@"
    ;;
*" --alone "*) alone=yes ;;
*) alone= ;;
esac
mkdir -p "$out"
[ -n "$alone" ] || install_peers
# shellcheck disable=SC2086 # a list of words
for tool in http_load http_raw; do
    gcc $flags -o "$out/$tool" "$here/$tool.c"
done
[ -n "$alone" ] || GOCACHE=$(cd "$out" && pwd)/go go build -o "$out/http_go" "$here/http_go.go"
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/bench_http.py" "$out" \
    "$build/src/daemon/eidcached" "$@"
