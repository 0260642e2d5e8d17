#!/bin/sh
# Puts together what the image holds, from a build: programs, configuration, every library they
# need, certificates, users, and an SPDX list of the Debian packages it all came from.
#   stage.sh BUILD IMAGE
set -eu

build=$1
image=$2
version=$(sed -n 's/^project(eidcached VERSION \([0-9.]*\).*/\1/p' "$(dirname "$0")/../CMakeLists.txt")

# A file and, if it is a link, what it leads to; with the package that it is from.
take() {
    real=$(readlink -f "$1")
    mkdir -p "$image$(dirname "$1")"
    cp -a --dereference "$real" "$image$1"
    dpkg-query -S "$real" "$1" 2>/dev/null | head -n 1 | sed 's/: .*//' >>"$build/packages"
}

DESTDIR=$image cmake --install "$build" --strip >/dev/null
rm -rf "${image:?}/usr/include" "${image:?}/usr/lib" "${image:?}/usr/share" # not run, not read
: >"$build/packages"
: >"$build/libraries"
for program in "$image/usr/sbin/eidcached" "$image/usr/bin/eidctl"; do
    ldd "$program" | grep -o '/[^ ]*' >>"$build/libraries"
done
sort -u "$build/libraries" | while read -r library; do
    take "$library"
done
take /etc/ssl/certs/ca-certificates.crt
echo ca-certificates >>"$build/packages"

mkdir -p "$image/tmp" "$image/var/lib/eidcached" "$image/run" "$image/usr/share/sbom"
chmod 1777 "$image/tmp"
echo 'eidcached:x:10001:10001::/var/lib/eidcached:/nonexistent' >"$image/etc/passwd"
echo 'eidcached:x:10001:' >"$image/etc/group"

# shellcheck disable=SC2016 # the fields are dpkg-query's
entries() {
    sort -u "$build/packages" | xargs dpkg-query -W \
        -f ',\n {"SPDXID": "SPDXRef-${Package}", "name": "${Package}", "versionInfo": "${Version}", "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/debian/${Package}@${Version}?arch=${Architecture}"}]}'
}
cat >"$image/usr/share/sbom/eidcached.spdx.json" <<END
{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
"name": "eidcached-$version", "documentNamespace": "urn:eidcached:image:$version",
"creationInfo": {"created": "$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ)", "creators": ["Tool: stage.sh"]},
"packages": [
 {"SPDXID": "SPDXRef-eidcached", "name": "eidcached", "versionInfo": "$version", "downloadLocation": "NOASSERTION", "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION"}$(entries)
]}
END
