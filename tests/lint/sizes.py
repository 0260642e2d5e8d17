#!/usr/bin/python3
"""No function over 80 lines, no file over 500, no unfinished work and no tabs in the C sources."""
import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUNCTION_MAX, FILE_MAX = 80, 500
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX)\b|not implemented", re.I)


def sources():
    for folder in ("src", "include", "tests/unit", "tests/support", "tests/fuzz", "tests/bench"):
        for where, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(where, name), SOURCE)


def check(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    ours = path.startswith(("src/", "include/"))
    if ours and len(lines) - 1 > FILE_MAX:
        yield 1, f"{len(lines) - 1} lines, at most {FILE_MAX}"
    if lines[-1] != "":
        yield len(lines), "the last line has no end"
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if ours and number - start - 1 > FUNCTION_MAX:
                yield start, f"a function of {number - start - 1} lines, at most {FUNCTION_MAX}"
            start = None
        if ours and LEFT_OVER.search(line):
            yield number, "unfinished work"
        if "\t" in line:
            yield number, "a tab"


def main():
    problems = [f"{path}:{number}: {text}" for path in sources() for number, text in check(path)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
