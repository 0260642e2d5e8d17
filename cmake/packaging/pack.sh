#!/bin/sh
# Makes packages of a build with the prefix /usr, in its folder. The same input gives the same .deb,
# byte for byte: times are SOURCE_DATE_EPOCH or the last commit's, modes do not follow the umask.
# An rpm holds the time and the place of its making.
#   pack.sh BUILD [GENERATOR...]    DEB RPM TGZ, or those named
set -eu

build=$1
shift
umask 022
: "${SOURCE_DATE_EPOCH:=$(git -C "$(dirname "$0")" log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH

cd "$build"
rm -rf _CPack_Packages ./*.deb ./*.rpm ./eidcached-*.tar.gz
[ $# -gt 0 ] || set -- DEB RPM TGZ
for generator; do
    cpack -G "$generator" >pack.log 2>&1 || {
        cat pack.log >&2
        exit 1
    }
done
rm -rf _CPack_Packages
find "$PWD" -maxdepth 1 \( -name '*.deb' -o -name '*.rpm' -o -name 'eidcached-*.tar.gz' \) | sort
