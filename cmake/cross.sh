#!/bin/sh
# Builds for aarch64 in a Debian 12 of its own, that is thrown away, and runs the unit tests there
# under qemu. Needs root, mmdebstrap and a Debian mirror.
#   cross.sh PACKAGE...   what the build needs; names of -dev packages are taken for arm64
set -eu

jobs=${EIDC_CROSS_JOBS:-$(nproc)}
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' INT TERM

packages=ca-certificates,crossbuild-essential-arm64,qemu-user-static,python3,python3-xxhash
for package; do
    case $package in
    libc6-dev | gcc) ;; # come with crossbuild-essential
    lib*-dev) packages=$packages,$package:arm64 ;;
    *) packages=$packages,$package ;;
    esac
done

# stage NAME COMMAND...: tells how long it took
stage() {
    name=$1
    shift
    began=$(date +%s)
    "$@"
    echo "cross: $name: $(($(date +%s) - began)) s" >&2
}

make_root() {
    mmdebstrap --quiet --variant=minbase --mode=root --architectures="$(dpkg --print-architecture),arm64" \
        --include="$packages" bookworm "$root"
}

copy_source() {
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    mkdir "$root/src"
    git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$root/src"
}

# With a /proc of its own, which goes with its last process.
inside() {
    unshare --mount --pid --fork --mount-proc="$root/proc" chroot "$root" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root sh -euc "cd /src; $1"
}

# Programs that scripts of the tests start, where the kernel does not know what to do with them.
emulate() {
    for program; do
        mv "$root/src/$program" "$root/src/$program.arm64"
        printf '#!/bin/sh\nexec qemu-aarch64-static /src/%s.arm64 "$@"\n' "$program" >"$root/src/$program"
        chmod +x "$root/src/$program"
    done
}

# What emulation cannot show: qemu's vfork tells no exec's errno (creds_process), times are judged
# (httpd_slow), this machine's python would have to load the library (python).
unfit='^unit\.(aws\.creds_process|http\.httpd_slow|lib\.python)$'

stage "chroot of $(uname -m) and arm64" make_root
copy_source
stage configure inside "cmake -S . -B build -G Ninja -Wno-dev -DEIDC_TESTS=ON -DEIDC_WERROR=ON \
    -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake >/dev/null"
stage build inside "cmake --build build -j $jobs -- --quiet"
inside "aarch64-linux-gnu-readelf -h build/src/daemon/eidcached | grep Machine:
    qemu-aarch64-static build/src/daemon/eidcached --version"
emulate build/src/ctl/eidctl build/tests/unit/lib/example_lookup
echo "cross: left out: $unfit" >&2
stage "unit tests" inside "ctest --test-dir build -L unit -E '$unfit' -j $jobs --timeout 600 \
    --output-on-failure"
