#!/usr/bin/python3
"""The page's sources: names reach the document as text only, nothing is asked of others or kept,
and the modules, which are built into one scope, are all listed and share no name."""
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(SOURCE, "src/http/page")
LINE_MAX, FILE_MAX = 100, 800
FORBIDDEN = [
    (r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc",
     "markup from text"),
    (r"\beval\b|new Function|javascript:", "code from text"),
    (r"localStorage|sessionStorage|indexedDB|document\.cookie", "something kept by the browser"),
    (r"(?:https?:|[\"'(])//(?!www\.w3\.org/2000/svg)", "an address of others"),
    (r"@import|url\(", "a request of the style"),
    (r"\son[a-z]+\s*=\s*[\"']|\sstyle\s*=", "an inline handler or style, which the policy forbids"),
    (r"\b(TODO|FIXME|XXX)\b", "unfinished work"),
    (r"\t", "a tab"),
]
TOP_LEVEL = re.compile(
    r"^(?:export )?(?:async )?(?:const|let|class|function)\s+(?:\[([^\]]+)\]|(\w+))", re.M)


def problems_of(name, text):
    lines = text.split("\n")
    if len(lines) > FILE_MAX:
        yield f"{name}: {len(lines)} lines, at most {FILE_MAX}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and 'rel="icon"' not in line:
            yield f"{name}:{number}: over {LINE_MAX} characters"
        for pattern, what in FORBIDDEN:
            if re.search(pattern, line):
                yield f"{name}:{number}: {what}"


def names_of(text):
    for several, one in TOP_LEVEL.findall(text):
        yield from re.findall(r"\w+", several) if several else [one]


def shared_names(modules):
    owner = {}
    for module, text in modules.items():
        for name in names_of(text):
            if name in owner:
                yield f"{module}: '{name}' is also in {owner[name]}; they are built into one scope"
            owner[name] = module


def unlisted(modules):
    with open(os.path.join(SOURCE, "src/http/CMakeLists.txt"), encoding="utf-8") as file:
        listed = re.findall(r"\w+\.mjs", file.read())
    for module in sorted(set(modules) ^ set(listed)):
        yield f"{module}: not both in src/http/page/ and in src/http/CMakeLists.txt"


def syntax(modules):
    node = shutil.which("node")
    for module in modules if node else []:
        done = subprocess.run([node, "--check", os.path.join(PAGE, module)], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            yield done.stderr


def main():
    texts = {}
    for name in sorted(os.listdir(PAGE)):
        with open(os.path.join(PAGE, name), encoding="utf-8") as file:
            texts[name] = file.read()
    modules = {name: text for name, text in texts.items() if name.endswith(".mjs")}
    problems = [problem for name, text in texts.items() for problem in problems_of(name, text)]
    problems += [*shared_names(modules), *unlisted(modules), *syntax(modules)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
