"""What an entry of http.listen may ask for, and the access log."""
import collections
import grp
import os
import re
import resource
import socket
import stat
import subprocess

import pytest

import harness
from client import Client
from harness import poll

LINE = re.compile(r"http: (\S+) (\S+) (\S+) (\d+) \d+us")


@pytest.fixture(name="names")
def _names(lab):
    lab.names(["sales", "orders"])
    return lab


def listen(lab, *options):
    """A TCP entry and the lab's socket with these options."""
    return ["127.0.0.1:0", f"unix:{lab.socket()}" + ("?" + "&".join(options) if options else "")]


def threads(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/task"))


def test_a_sockets_mode_and_group(names):
    group = grp.getgrgid(os.getgroups()[0] if os.getgroups() else os.getgid())
    daemon = names.start(http={"listen": listen(names, "mode=0606", f"group={group.gr_name}")})
    entry = os.stat(daemon.socket)
    assert stat.S_IMODE(entry.st_mode) == 0o606 and entry.st_gid == group.gr_gid
    assert daemon.unix.forward("sales").status == 200
    daemon.stop()
    assert not os.path.exists(daemon.socket)


def test_a_sockets_mode_is_0660_unless_said(names):
    daemon = names.start()
    assert stat.S_IMODE(os.stat(daemon.socket).st_mode) == 0o660


def test_threads_of_one_listener(names):
    few = names.start(http={"threads": 1})
    many = names.start(http={"threads": 1, "listen": listen(names, "threads=5")})
    assert threads(many) - threads(few) >= 4
    assert many.unix.forward("sales").status == many.forward("sales").status == 200


@pytest.mark.parametrize("options, why", [
    (["group=no-such-group"], "there is no group 'no-such-group'"),
    (["mode=abc"], "mode is an octal number"),
    (["colour=red"], "'colour'"),
])
def test_what_cannot_be_is_told(names, options, why):
    entries = listen(names, *options)
    done = names.run("--config", names.write_config(names.config(http={"listen": entries})))
    assert done.returncode == 1 and why in done.stderr
    assert not os.path.exists(names.socket())


def soft_limit(daemon):
    with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as file:
        return int(re.search(r"Max open files\s+(\d+)", file.read())[1])


def test_room_for_all_connections_is_taken(names, monkeypatch):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    monkeypatch.setattr(harness, "WRAP", [*harness.WRAP, "prlimit", f"--nofile=256:{hard}"])
    daemon = names.start(http={"max_connections": 1000})
    assert soft_limit(daemon) >= 2 * 1256
    assert "may be open" not in daemon.log()


def test_too_few_files_are_told(names, monkeypatch):
    monkeypatch.setattr(harness, "WRAP", [*harness.WRAP, "prlimit", "--nofile=300:400"])
    daemon = names.start(http={"max_connections": 1000})
    assert soft_limit(daemon) == 400
    assert "400 files may be open, and http.max_connections needs" in daemon.log()
    assert daemon.forward("sales").status == 200


def stay(daemon):
    """A connection that looks a name up and stays, and the status that it got."""
    host, _, port = daemon.where.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=5)
    client.sendall(b"GET /v1/forward/sales HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client, client.recv(12)[9:]


def test_clients_do_not_take_the_files_of_probes_and_refreshes(names, monkeypatch):
    monkeypatch.setattr(harness, "WRAP", [*harness.WRAP, "prlimit", "--nofile=64:64"])
    daemon = names.start()
    crowd, statuses = zip(*(stay(daemon) for _ in range(100)))
    answers = collections.Counter(statuses)
    assert answers[b"200"] >= 8 and answers[b"503"] >= 50, answers
    assert daemon.get("/readyz").status == 200
    names.names(["fresh"])
    assert daemon.unix.post("/v1/refresh?wait=60s").json["result"] == "ok"
    for client in crowd:
        client.close()
    poll("a look-up", lambda: daemon.forward("fresh").status == 200)


CLOSED = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']


def test_closed_standard_descriptors_are_no_connection_of_a_client(names):
    """Else log lines would be in it."""
    daemon = names.start(wait=None, wrap=CLOSED)
    poll("listening", lambda: os.path.exists(daemon.socket) and daemon.unix.get("/livez"))
    for fd in range(3):
        assert os.readlink(f"/proc/{daemon.process.pid}/fd/{fd}") == "/dev/null"


def test_what_cannot_be_printed_is_a_failure(names):
    done = subprocess.run([*CLOSED, harness.CTL, "compute", "sales"], check=False)
    assert done.returncode == 1


def served(daemon):
    """One that stays and was answered; None when those of before still take its place."""
    client, status = stay(daemon)
    if status == b"200":
        return client
    client.close()
    return None


def test_more_listeners_than_files_for_them(names, monkeypatch):
    monkeypatch.setattr(harness, "WRAP", [*harness.WRAP, "prlimit", "--nofile=128:128"])
    more = [f"unix:{names.socket()}{i}" for i in range(32)]
    daemon = names.start(http={"listen": listen(names) + more, "threads": 1})
    with poll("the one that is served", lambda: served(daemon)):
        late, status = stay(daemon)
        late.close()
    assert status == b"503"
    poll("a look-up", lambda: daemon.forward("sales").status == 200)


def logged(daemon):
    return LINE.findall(daemon.log())


def test_no_access_log_unless_asked_for(names):
    daemon = names.start()
    daemon.forward("sales")
    daemon.stop()
    assert not logged(daemon)


def test_the_access_log_holds_no_secret(names):
    token = os.path.join(names.path, "token")
    with open(token, "w", encoding="ascii") as file:
        file.write("t0ken-of-the-test\n")
    daemon = names.start(http={"access_log": True, "token_file": token})
    bearer = {"authorization": "Bearer t0ken-of-the-test"}
    assert daemon.get("/v1/forward?name=sales-hidden", **bearer).status == 200
    assert daemon.get("/v1/forward/sales", authorization="Bearer wr0ng-token").status == 401
    assert daemon.unix.forward("orders").status == 200
    daemon.stop()
    lines = logged(daemon)
    assert ("127.0.0.1", "GET", "/v1/forward", "200") in lines
    assert ("127.0.0.1", "GET", "/v1/forward/sales", "401") in lines
    assert ("unix", "GET", "/v1/forward/orders", "200") in lines
    for secret in ("sales-hidden", "t0ken-of-the-test", "wr0ng-token"):
        assert secret not in daemon.log()


def test_a_share_is_logged_evenly(names):
    daemon = names.start(wait="listening", http={"access_log": "10%", "threads": 1})
    client = Client(daemon.where)
    with client.session() as session:
        for _ in range(200):
            assert session.request("GET", "/livez").status == 200
    daemon.stop()
    assert len([line for line in logged(daemon) if line[2] == "/livez"]) == 20
