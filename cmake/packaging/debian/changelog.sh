#!/bin/sh
# CHANGELOG.md's newest section as a Debian changelog of one entry.
#   changelog.sh CHANGELOG.md VERSION CONTACT EPOCH
set -eu

echo "eidcached ($2) unstable; urgency=medium"
echo
awk '/^## / { section++ }
    section == 1 && /^- / { printf "%s%s", item++ ? "\n" : "", substr($0, 3) }
    section == 1 && /^  / { printf " %s", substr($0, 3) }
    END { print "" }' "$1" |
    while read -r item; do
        echo "$item" | fold -s -w 74 | sed -e '1s/^/  * /' -e '2,$s/^/    /' -e 's/ *$//'
    done
echo
echo " -- $3  $(LC_ALL=C date -u -R -d "@$4")"
