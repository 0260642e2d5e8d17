#!/bin/sh
# Builds bench_map and its peers and runs it: map.sh BUILD [--names N] [--passes N] [--alone | --peers NAME,...]
# A peer whose compiler or library is missing is installed from Debian by root, else skipped.
set -eu

here=$(dirname "$0")
build=$1
shift
names=1000000
passes=5
alone=
chosen=rust,unordered,absl,glib,lfht,cdb,lmdb,redis
out=$build/bench
flags="-O2 -g -Wall -Wextra -Wno-missing-field-initializers -fPIC"

say() {
    echo "bench: $*" >&2
}

usage() {
    say "usage: ./dev bench map [--names N] [--passes N] [--alone | --peers NAME,...]"
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --names | --passes)
        [ $# -gt 1 ] || usage
        case $2 in *[!0-9]* | "") usage ;; esac
        case $1 in --names) names=$2 ;; *) passes=$2 ;; esac
        shift
        ;;
    --alone) alone=yes ;;
    --peers)
        [ $# -gt 1 ] || usage
        chosen=$2
        shift
        ;;
    *) usage ;;
    esac
    shift
done

missing_header() {
    ! printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$1" | gcc -E - >/dev/null 2>&1
}

install_peers() {
    packages=
    command -v g++ >/dev/null || packages=" g++"
    command -v rustc >/dev/null || packages="$packages rustc"
    ! missing_header urcu/rculfhash.h || packages="$packages liburcu-dev"
    pkg-config --exists glib-2.0 || packages="$packages libglib2.0-dev"
    ! missing_header cdb.h || packages="$packages libcdb-dev"
    ! missing_header lmdb.h || packages="$packages liblmdb-dev"
    command -v redis-server >/dev/null || packages="$packages redis-server"
    ! missing_header absl/container/flat_hash_map.h || packages="$packages libabsl-dev"
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "not installed (peers that need them are skipped):$packages"
        return 0
    fi
    say "installing$packages"
    apt-get update -q >&2
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages >&2 ||
        say "not all could be installed"
}

# peer NAME COMMAND...: compiles $out/NAME.so
peers=
peer() {
    name=$1
    shift
    case ,$chosen, in *",$name,"*) ;; *) return 0 ;; esac
    if "$@" -o "$out/$name.so" 2>"$out/$name.log"; then
        peers="$peers $out/$name.so"
    else
        say "skipped: $name ($(head -n 1 "$out/$name.log"))"
    fi
}

# shellcheck disable=SC2046,SC2086 # lists of words
build_peers() {
    cc="gcc -std=gnu17 $flags -shared"
    peer rust rustc --edition 2021 -C opt-level=3 --crate-type cdylib "$here/peer_rust.rs"
    peer unordered g++ -std=c++20 $flags -shared "$here/peer_unordered.cc"
    peer absl g++ -std=c++17 $flags -shared "$here/peer_absl.cc" \
        $(pkg-config --cflags --libs absl_flat_hash_map 2>/dev/null)
    peer glib $cc "$here/peer_glib.c" $(pkg-config --cflags --libs glib-2.0 2>/dev/null)
    peer lfht $cc "$here/peer_lfht.c" \
        $(pkg-config --cflags --libs liburcu-bp liburcu-cds libxxhash)
    peer cdb $cc "$here/peer_cdb.c" -lcdb
    peer lmdb $cc "$here/peer_lmdb.c" -llmdb
    ! command -v redis-server >/dev/null || peer redis $cc "$here/peer_redis.c"
}

# shellcheck disable=SC2046,SC2086 # lists of words
build_bench() {
    gcc -std=gnu17 $flags -D_GNU_SOURCE -Iinclude -I. -o "$out/bench_map" "$here"/bench_*.c \
        "$here/peer_eidcached.c" "$build/src/core/libeidc_core.a" "$build/src/base/libeidc_base.a" \
        $(pkg-config --cflags --libs libcrypto libcjson yaml-0.1 liburcu-bp libxxhash) -ldl -pthread
}

mkdir -p "$out"
build_bench
if [ -z "$alone" ]; then
    install_peers
    build_peers
fi
dir=$(mktemp -d "$out/data.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
# shellcheck disable=SC2086 # a list of words
"$out/bench_map" "$dir" "$names" "$passes" $peers
