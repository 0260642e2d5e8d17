#!/bin/sh
# Builds the image with podman, without a registry: the base image is made of Debian's packages.
#   container.sh build NAME      the image NAME, from this source tree
#   container.sh clean NAME      removes it; the base stays for the next time
set -eu

cd "$(dirname "$0")/../.."
base=docker.io/library/debian:bookworm-slim

conf=$(mktemp)
trap 'rm -rf "$conf" "${work:-}"' EXIT
cat >"$conf" <<END
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]
END
CONTAINERS_CONF=$conf
export CONTAINERS_CONF

make_base() {
    podman image exists "$base" && return 0
    work=$(mktemp -d)
    # packages come from where this machine gets them
    set --
    for sources in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources; do
        [ -s "$sources" ] && set -- "$@" "$sources"
    done
    mmdebstrap --quiet --variant=minbase --mode=root \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm "$work/base.tar" "$@" >&2
    podman import --quiet "$work/base.tar" "$base" >/dev/null
}

case $1 in
build)
    make_base
    buildah bud --quiet --isolation chroot --format docker --network host --pull-never \
        --timestamp 0 --ignorefile docker/Dockerfile.dockerignore -f docker/Dockerfile -t "$2" . >/dev/null
    ;;
clean)
    podman rmi -f "$2" >/dev/null
    ;;
esac
