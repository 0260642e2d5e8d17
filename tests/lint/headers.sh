#!/bin/sh
# Each header compiles alone, twice in a row, with gcc and clang; the public one as C++ too.
# headers.sh BUILD: takes the flags of one of its compile commands.
set -eu

cd "$(dirname "$0")/../.."
build=$1
flags=$(/usr/bin/python3 - "$build/compile_commands.json" <<'END'
import json, shlex, sys
commands = json.load(open(sys.argv[1]))
command = next(c for c in commands if c["file"].endswith("src/daemon/app.c"))
words = shlex.split(command["command"])
print(" ".join(shlex.quote(w) for w in words[1:] if w.startswith(("-I", "-D", "-W", "-std", "-isystem"))
               or words[words.index(w) - 1] == "-isystem"))
END
)
status=0
for header in $(git ls-files include) ; do
    name=${header#include/}
    for compiler in gcc clang; do
        # our own flags, as words; the shell quoting of compile_commands is undone by eval
        printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
            eval "$compiler" -x c -fsyntax-only -Werror -Iinclude "$flags" - || {
            echo "$header does not compile alone with $compiler" >&2
            status=1
        }
    done
done
printf '#include "eidcache.h"\n' | clang -x c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only \
    -Iinclude - || status=1
exit $status
