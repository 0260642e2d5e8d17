"""README.md's commands do what it says. A fenced block after the line `<!-- test: run -->` is run:
in a console block the lines after `$ ` are commands and the others what they print (`...` matches
anything); an sh block only has to succeed. They run in one shell, in the source folder, with a
daemon on README's names behind 127.0.0.1:8627 and the built programs in PATH.
Every other block is in the list below, with where else it is run or why it cannot be."""
import os
import re
import shutil
import subprocess

import pytest

import readme
from conftest import need
from harness import BUILD, SOURCE
from standins import free_ports

ADDRESS = "127.0.0.1:8627"
# by their first lines
ELSEWHERE = {
    "./dev run     # build, and serve": "support/fresh_clone.sh; ./dev test is what runs this",
    "PATH=$PWD/build/src/ctl": "what run() does below",
    "openssl req -x509": "test_tls.py, with certificates of an authority",
    "eidcached --once --config /etc": "test_once.py; the one of /etc may be anybody's",
    "./dev package lambda": "test_lambda.py makes the archive; sam needs an account",
    "eidctl aws whoami": "test_accounts.py; here are no credentials",
    "$ cc docs/examples/lookup.c": "unit.lib.example and unit.lib.python",
    "./dev package           #": "test_packages.py",
    "apt-get install -y --no-install-recommends gcc": "held against ./dev's list below",
    "ldconfig ": "test_service.py",
    "systemd-sysusers && systemd-tmpfiles": "test_service.py",
    "mkdir -p /etc/systemd/system/eidcached.service.d": "test_service.py",
    "docker build": "test_container.py",
    "helm install": "test_kubernetes.py",
}


def blocks():
    return [(kind, text) for marked, kind, text in readme.blocks() if marked]


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
    need(os.path.exists(readme.README), "README.md is missing")
    assert blocks()


def test_every_block_is_run_somewhere_or_has_a_reason():
    others = [text for marked, _, text in readme.blocks() if not marked]
    known = {text: [start for start in ELSEWHERE if text.startswith(start)] for text in others}
    assert [text for text, starts in known.items() if len(starts) != 1] == []
    assert sorted(start for starts in known.values() for start in starts) == sorted(ELSEWHERE)


def test_what_is_to_be_installed_is_what_dev_installs():
    with open(os.path.join(SOURCE, "dev"), encoding="utf-8") as file:
        listed = re.search(r'^build_packages="(.*?)"', file.read(), re.M | re.S)[1]
    [line] = [line for line in readme.lines("Building with plain CMake")
              if line.startswith("apt-get install")]
    wanted = set(listed.replace("\\", "").split()) - {"libc6-dev", "libcmocka-dev"}
    assert {word for word in line.split()[2:] if not word.startswith("-")} == wanted


def test_its_commands_print_what_it_says(lab, port):
    need(blocks(), "README.md has no block marked to run")
    need(shutil.which("promtool"), "promtool is missing (Debian: prometheus)")
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


@pytest.mark.parametrize("words, code", [
    ("help", 0), ("run --help", 0), ("test -h", 0), ("run --foo", 2), ("run --detach --foo", 2),
    ("bogus", 2), ("fuzz long", 2), ("package lambada", 2),
])
def test_dev_tells_help_from_wrong_usage(words, code):
    done = subprocess.run([os.path.join(SOURCE, "dev"), *words.split()], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == code, done
    assert "usage: ./dev" in (done.stderr if code else done.stdout), done
    assert not (done.stdout if code else done.stderr)
