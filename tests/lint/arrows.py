#!/usr/bin/python3
"""Folders are layers: an #include may only point along docs/architecture.md's arrows, a source
includes its own header first, and only current.c knows read-copy-update."""
import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ALLOWED = {
    "base": {"base"},
    "core": {"core", "base"},
    "net": {"net", "base"},
    "aws": {"aws", "net", "base"},
    "adapters": {"adapters", "aws", "net", "core", "base"},
    "config": {"config", "adapters", "aws", "net", "core", "base"},
    "refresh": {"refresh", "config", "adapters", "aws", "net", "core", "base"},
    "http": {"http", "refresh", "config", "core", "base"},
    "daemon": {"daemon", "http", "refresh", "config", "net", "core", "base"},
    "ctl": {"ctl", "config", "aws", "core", "net", "base"},
    "lib": {"lib", "core", "base"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
OURS = re.compile(r"eidcached/([a-z]+)/[a-z0-9_]+\.h$")
RCU = re.compile(r"\brcu|read-copy|\burcu", re.I)
RCU_FILES = {"src/core/current.c", "include/eidcached/core/current.h"}


def files(folder):
    for where, _, names in os.walk(os.path.join(SOURCE, folder)):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.relpath(os.path.join(where, name), SOURCE)
                with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
                    yield path, file.read().splitlines()


def layer_of(path):
    parts = path.split(os.sep)
    return parts[1] if parts[0] == "src" else parts[2] if len(parts) > 3 else "public"


def check(path, lines):
    layer, first = layer_of(path), True
    for number, line in enumerate(lines, 1):
        if RCU.search(line) and path not in RCU_FILES:
            yield number, "only core/current knows read-copy-update"
        include = INCLUDE.match(line)
        if not include:
            continue
        ours = OURS.match(include[2])
        if ours and include[1] == "<":
            yield number, "our headers are included with quotes"
        if ours and layer == "public":
            yield number, "the public header includes nothing of ours"
        elif ours and ours[1] not in ALLOWED.get(layer, set()):
            yield number, f"{layer} may not include {ours[1]}"
        elif include[1] == '"' and not ours and not beside(path, include[2]):
            yield number, f'"{include[2]}" names no layer and is not in this folder'
        if first and own_header(path) and include[2] != own_header(path):
            yield number, f"{own_header(path)} comes first"
        first = False


def beside(path, name):
    return name == "eidcache.h" or os.path.exists(
        os.path.join(SOURCE, os.path.dirname(path), name))


def own_header(path):
    """The contract header of a source file, if it has one."""
    if not path.startswith("src/"):
        return None
    name = f"eidcached/{layer_of(path)}/{os.path.basename(path)[:-2]}.h"
    return name if os.path.exists(os.path.join(SOURCE, "include", name)) else None


def main():
    problems = [f"{path}:{number}: {text}" for folder in ("src", "include")
                for path, lines in files(folder) for number, text in check(path, lines)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
