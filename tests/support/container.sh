#!/bin/sh
# What `docker ARGUMENT...` does, by podman and without a registry: the base image of a build is made
# of Debian's packages, and stays for the next time. What podman needs here is in $CONTAINERS_CONF.
set -eu

cd "$(dirname "$0")/../.."
base=docker.io/library/debian:bookworm-slim

trap 'rm -rf "${work:-}"' EXIT

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
    shift
    buildah bud --quiet --isolation chroot --format docker --network host --pull-never \
        --timestamp 0 --ignorefile docker/Dockerfile.dockerignore "$@" >/dev/null
    ;;
*) exec podman "$@" ;;
esac
