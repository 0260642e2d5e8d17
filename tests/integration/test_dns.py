"""A name server that does not answer: what asks AWS ends in its time, and so does the process."""
import os
import shutil
import socket
import time

import pytest

import harness
from conftest import need
from harness import SLOW

SETTINGS = {"aws": {"region": "eu-west-1", "connect_timeout": "1s", "timeout": "2s"},
            "sources": {"prod": {"type": "aws", "list": "glue.databases"}}}
MOUNT = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


@pytest.fixture(name="silent_dns")
def _silent_dns(lab, monkeypatch):
    """The daemon asks a name server that takes every question and answers none."""
    need(os.geteuid() == 0 and shutil.which("unshare"), "needs root and unshare")
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = f"127.{os.getpid() % 250 + 1}.53.53"
    server.bind((address, 53))
    path = os.path.join(lab.path, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"nameserver {address}\n")
    monkeypatch.setattr(harness, "WRAP", ["unshare", "--mount", "sh", "-c", MOUNT, path,
                                          *harness.WRAP])
    yield server
    server.close()


def asked(server):
    server.settimeout(5)
    return b"amazonaws" in server.recv(4096)


def test_a_look_up_that_hangs_is_given_up_with_the_connection(lab, silent_dns):
    began = time.monotonic()
    done = lab.once(**SETTINGS)
    assert time.monotonic() - began < 6 * SLOW  # three times a second, not the resolver's ten
    assert done.returncode == 1
    assert "Resolving timed out" in done.stderr
    assert asked(silent_dns)


def test_it_does_not_hold_up_the_end(lab, silent_dns):
    daemon = lab.start(wait="listening", **harness.merge(SETTINGS, {
        "aws": {"connect_timeout": "1m", "timeout": "1m"}}))
    assert asked(silent_dns)
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < 3 * SLOW
