#!/bin/sh
# Signs so many random requests as AWS's own signer does: sigv4_random.sh TEST-PROGRAM COUNT SEED
set -eu
cases=$(mktemp)
trap 'rm -f "$cases"' EXIT
/usr/bin/python3 "$(dirname "$0")/make_sigv4_golden.py" --random "$2" "$3" >"$cases"
EIDC_SIGV4_CASES=$cases "$1"
