#!/bin/sh
# What a refresh costs: refresh.sh BUILD [--databases N] [--tables N].
set -eu

build=$1
shift
EIDC_BUILD=$build exec /usr/bin/python3 "$(dirname "$0")/refresh.py" "$@"
