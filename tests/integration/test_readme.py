"""README.md's commands do what it says. A fenced block after the line `<!-- test: run -->` is run:
in a console block the lines after `$ ` are commands and the others what they print (`...` matches
anything); an sh block only has to succeed. They run in one shell, in the source folder, with a
daemon on README's names behind 127.0.0.1:8627 and the built programs in PATH."""
import os
import re
import subprocess

import pytest

from conftest import need
from harness import BUILD, SOURCE
from standins import free_ports

README = os.path.join(SOURCE, "README.md")
BLOCK = re.compile(r"^<!-- test: run -->\n+```(console|sh)\n(.*?)^```", re.M | re.S)
ADDRESS = "127.0.0.1:8627"


def blocks():
    if not os.path.exists(README):
        return []
    with open(README, encoding="utf-8") as file:
        return BLOCK.findall(file.read())


def commands(kind, text):
    """[(command, expected output or None)]"""
    if kind == "sh":
        return [(text, None)]
    steps = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append([line[2:], []])
        elif steps and steps[-1][0].endswith("\\"):
            steps[-1][0] += "\n" + line
        elif steps:
            steps[-1][1].append(line)
    return [(command, "\n".join(output)) for command, output in steps]


def matches(expected, got):
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, got.strip(), re.S)


@pytest.fixture(scope="module")
def port():
    return free_ports(1)


def run(lab, command, where):
    env = lab.env({"PATH": f"{BUILD}/src/daemon:{BUILD}/src/ctl:{os.environ['PATH']}",
                   "EIDCACHE_SERVER": f"http://{where}"})
    done = subprocess.run(["sh", "-ec", command.replace(ADDRESS, where)], env=env, cwd=SOURCE,
                          capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_readme_has_blocks_to_run():
    need(os.path.exists(README), "README.md is missing")
    assert blocks()


def test_its_commands_print_what_it_says(lab, port):
    need(blocks(), "README.md has no block marked to run")
    names = os.path.join(SOURCE, "config/names.txt")
    where = f"127.0.0.1:{port}"
    daemon = lab.start(http={"listen": [where, f"unix:{lab.socket()}"]},
                       sources={"names": {"type": "file", "path": names}})
    daemon.wait_rounds(1)
    for kind, text in blocks():
        for command, expected in commands(kind, text):
            code, out, err = run(lab, command, where)
            assert code == 0, f"{command}\n{out}{err}"
            if expected is not None:
                assert matches(expected.replace(ADDRESS, where), out), f"{command}\n{out}"
