#!/bin/sh
# All static checks; runs every one, says which failed. ./dev lint installs what it needs.
#   lint.sh [CHECK...]     only those, see the list at the end
set -eu

cd "$(dirname "$0")/../.."
PATH=$PWD/tests/lint:$PATH
jobs=$(nproc)
gcc_build=build-lint-gcc
clang_build=build-lint-clang
failed=

c_files() {
    git ls-files '*.c' '*.h'
}

check_format() {
    c_files | xargs clang-format -n --Werror
}

configure() {
    cmake -S . -B "$1" -G Ninja -DEIDC_WERROR=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_C_COMPILER="$2" >/dev/null
}

check_gcc() {
    configure "$gcc_build" gcc
    cmake --build "$gcc_build" -j "$jobs" -- --quiet
}

check_clang() {
    configure "$clang_build" clang
    cmake --build "$clang_build" -j "$jobs" -- --quiet
}

check_tidy() {
    configure "$clang_build" clang
    run-clang-tidy -quiet -j "$jobs" -p "$clang_build" "$PWD/src/.*\.c$" 2>&1 |
        grep -v -E '^(clang-tidy|[0-9]+ warnings? (generated|treated))|^$|Suppressed|Use -header-filter' \
            >"$clang_build/tidy.log" || :
    ! grep -E '(warning|error):' "$clang_build/tidy.log" || {
        cat "$clang_build/tidy.log"
        return 1
    }
}

check_cppcheck() {
    mkdir -p "$clang_build/cppcheck"
    # macros of libraries that cppcheck does not see through; unused functions are API of a layer
    cppcheck --quiet --error-exitcode=1 -j "$jobs" --std=c11 --language=c \
        --enable=warning,performance,portability --inline-suppr \
        --cppcheck-build-dir="$clang_build/cppcheck" \
        --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro \
        -D_GNU_SOURCE -DEIDC_VERSION='"0"' -Iinclude src
}

check_arrows() {
    tests/lint/arrows.py
}

check_sizes() {
    tests/lint/sizes.py
}

check_page() {
    tests/lint/page.py
}

check_headers() {
    configure "$gcc_build" gcc
    tests/lint/headers.sh "$gcc_build"
}

check_sample() {
    configure "$gcc_build" gcc
    cmake --build "$gcc_build" -j "$jobs" --target eidcached -- --quiet
    "$gcc_build/src/daemon/eidcached" --print-sample-config | diff config/eidcached.yaml -
}

check_shell() {
    git ls-files -z '*.sh' 'cmake/packaging/debian/p*' dev .ci/run docker/lambda/bootstrap \
        config/bash-completion/eidctl | xargs -0 shellcheck
}

check_python() {
    git ls-files -z '*.py' | PYTHONDONTWRITEBYTECODE=1 xargs -0 /usr/bin/python3 -c '
import ast, sys
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8").read()
    ast.parse(text, path)
    long = [n for n, line in enumerate(text.splitlines(), 1) if len(line) > 100]
    assert not long, f"{path}: lines over 100 characters: {long}"
    assert text.count("\n") <= 500, f"{path}: over 500 lines"
'
}

check_documents() {
    tests/lint/openapi.py || return 1
    git ls-files -z '*.json' | xargs -0 -r -n 1 /usr/bin/python3 -m json.tool >/dev/null
    ! git grep -nI -e ' $' -- . ':!*.svg' ':!*.md' || {
        echo "trailing blanks" >&2
        return 1
    }
}

if [ "${1:-}" = --only ]; then # a process of its own, so that set -e ends the check alone
    "check_$2"
    exit 0
fi
if [ $# -eq 0 ]; then
    set -- format arrows sizes page shell python documents gcc clang headers sample cppcheck tidy
fi
for check; do
    began=$(date +%s)
    code=0
    lint.sh --only "$check" || code=$?
    printf 'lint: %-9s %s (%d s)\n' "$check" "$([ $code -eq 0 ] && echo ok || echo FAILED)" \
        $(($(date +%s) - began))
    [ "$code" -eq 0 ] || failed="$failed $check"
done
if [ -n "$failed" ]; then
    echo "lint failed:$failed" >&2
    exit 1
fi
