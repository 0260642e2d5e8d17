"""The notify protocol, spoken by the daemon to a listener of ours; and the unit file."""
import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from client import Client
from conftest import need
from harness import BUILD, DAEMON, SLOW, SOURCE, poll

UNIT = os.path.join(SOURCE, "systemd/eidcached.service")


class Manager:
    """Receives what the daemon tells its service manager."""

    def __init__(self, address):
        self.address, self.messages = address, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(0.1)
        self.open, self.kept = True, {}
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while self.open:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            except TimeoutError:
                continue
            fields = dict(line.partition("=")[::2] for line in data.decode().splitlines())
            self.keep(fields, fds)
            self.messages.append((time.monotonic(), fields))

    def keep(self, fields, fds):
        """The descriptor store."""
        if "FDSTORE" in fields:
            self.kept[fields["FDNAME"]] = fds[0]
        elif "FDSTOREREMOVE" in fields:
            os.close(self.kept.pop(fields["FDNAME"]))

    def images(self):
        return [name for name in self.kept if name.startswith("image-")]

    def close(self):
        self.open = False
        self.thread.join()
        self.socket.close()
        for fd in self.kept.values():
            os.close(fd)

    def with_key(self, key):
        return [fields for _, fields in list(self.messages) if key in fields]

    def times(self, key):
        return [at for at, fields in list(self.messages) if key in fields]

    def wait(self, key, count=1):
        return poll(key, lambda: (f := self.with_key(key)) and len(f) >= count and f)


@pytest.fixture(params=["path", "abstract"])
def manager(lab, request):
    made = Manager(lab.run_dir + "/notify" if request.param == "path"
                   else f"@eidc-test-{os.getpid()}")
    yield made
    made.close()


@pytest.fixture
def daemon(lab, manager):
    lab.names(["one"])
    return lab.start(env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "600000"})


def test_ready_status_watchdog_stopping(daemon, manager):
    ready = manager.wait("READY")[0]
    assert ready["READY"] == "1"
    poll("a status that names the map", lambda: any(
        "1 name" in fields["STATUS"] for fields in manager.with_key("STATUS")))
    manager.wait("WATCHDOG", 4)
    beats = manager.times("WATCHDOG")
    gaps = [b - a for a, b in zip(beats, beats[1:])]
    assert max(gaps) < 0.6 * SLOW, gaps
    daemon.stop()
    assert manager.with_key("STOPPING")[0]["STOPPING"] == "1"
    order = [next(k for k in ("READY", "STOPPING") if k in f) for _, f in manager.messages
             if "READY" in f or "STOPPING" in f]
    assert order == ["READY", "STOPPING"]


def certificate(folder):
    """Options of a server certificate; nobody connects here, so that nobody needs to trust it."""
    need(shutil.which("openssl"), "openssl is missing")
    cert, key = f"{folder}/tls.crt", f"{folder}/tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return {"tls_cert": cert, "tls_key": key}


def ptrace(request, tid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


@contextlib.contextmanager
def stopped(tid):
    """One thread of a process does nothing, whatever comes; the others go on."""
    seize, interrupt, detach, wait_all = 0x4206, 0x4207, 17, 0x40000000
    ptrace(seize, tid)
    ptrace(interrupt, tid)
    os.waitpid(tid, wait_all)
    try:
        yield
    finally:
        ptrace(detach, tid)


def serving_threads(daemon):
    folder = f"/proc/{daemon.process.pid}/task"
    names = {}
    for tid in os.listdir(folder):
        with open(f"{folder}/{tid}/comm", encoding="ascii") as file:
            names[int(tid)] = file.read().strip()
    return [tid for tid, name in names.items() if name.startswith("MHD-")]


def unfed(daemon):
    return re.findall(r"the watchdog is not fed: a thread of (\S+) does not answer", daemon.log())


@pytest.mark.parametrize("manager", ["path"], indirect=True)
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_the_watchdog_is_not_fed_while_one_serving_thread_is_stuck(lab, manager, tls):
    lab.names(["one"])
    period = 0.6 * SLOW
    http = {"threads": 1, **(certificate(lab.path) if tls else {})}
    daemon = lab.start(wait="listening", http=http,
                       env={"NOTIFY_SOCKET": manager.address,
                            "WATCHDOG_USEC": str(int(period * 1e6))})
    manager.wait("WATCHDOG", 10)
    assert unfed(daemon) == []  # nobody asked it anything, and it is fed
    tids = serving_threads(daemon)
    assert len(tids) == 2
    for count, tid in enumerate(tids, 1):
        with stopped(tid):
            poll("a line of it", lambda: len(unfed(daemon)) == count)
            fed = len(manager.times("WATCHDOG"))
            time.sleep(3 * period)
            assert len(manager.times("WATCHDOG")) == fed
        manager.wait("WATCHDOG", fed + 4)
    assert set(unfed(daemon)) == {daemon.where, "unix:" + daemon.socket}
    assert daemon.log().count("the watchdog is fed again") == len(unfed(daemon)) == 2


def test_reload_good_and_bad(lab, daemon, manager):
    manager.wait("READY")
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    daemon.process.send_signal(signal.SIGHUP)
    manager.wait("READY", 2)
    reloading = manager.with_key("RELOADING")[0]
    stamp = int(reloading["MONOTONIC_USEC"]) / 1e6
    assert before <= stamp <= time.clock_gettime(time.CLOCK_MONOTONIC)
    lab.write_config("refresh:\n  intervall: 5m\n", "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    failed = manager.wait("READY", 3)[2]
    assert len(manager.with_key("RELOADING")) == 2
    assert "fail" in failed["STATUS"]
    assert daemon.forward("one").status == 200


def test_ready_comes_after_the_listeners(lab, manager):
    lab.names(["one"])
    daemon = lab.start(wait=None, env={"NOTIFY_SOCKET": manager.address})
    manager.wait("READY")
    assert "listening on" in daemon.log()
    daemon.wait_ready()
    assert manager.with_key("WATCHDOG") == []  # not asked for


def test_ready_does_not_wait_for_aws(lab, aws, manager):
    aws.fault("GetDatabases", "hang", times=-1)
    lab.start(wait=None, env={"NOTIFY_SOCKET": manager.address},
              sources={"prod": {"type": "aws", "list": "glue.databases"}})
    manager.wait("READY")
    poll("a status without data", lambda: "no data" in manager.with_key("STATUS")[-1]["STATUS"])


def test_sigterm_drains(lab):
    """A batch that is being answered when SIGTERM comes is answered to its end."""
    names = [f"name_{n:06d}" for n in range(400_000)]  # more than sockets buffer
    lab.names(names)
    daemon = lab.start().settle()
    connection = daemon.connect()
    connection.request("POST", "/v1/forward", "\n".join(names), {"Content-Type": "text/plain"})
    answer = connection.getresponse()
    got = answer.read(1000)
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    got += answer.read()
    connection.close()
    assert got.count(b"\n") == len(names)
    daemon.stop()


@pytest.mark.parametrize("manager", ["path"], indirect=True)
def test_the_watchdog_is_fed_while_requests_end(lab, manager):
    names = [f"name_{n:06d}" for n in range(400_000)]  # more than sockets buffer
    lab.names(names)
    daemon = lab.start(env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "600000"}).settle()
    connection = daemon.connect()
    connection.request("POST", "/v1/forward", "\n".join(names), {"Content-Type": "text/plain"})
    answer = connection.getresponse()
    daemon.process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING")
    fed = len(manager.times("WATCHDOG"))
    time.sleep(2)
    beats = manager.times("WATCHDOG")[fed:]
    assert answer.read().count(b"\n") == len(names)
    connection.close()
    daemon.stop()
    assert len(beats) >= 2 / (0.6 * SLOW), beats


def test_sigterm_waits_for_who_has_just_connected(lab):
    """Between the connection and the request that comes with it there is a moment."""
    lab.names(["one"])
    daemon = lab.start().settle()
    host, port = daemon.where.split(":")
    with socket.create_connection((host, int(port))) as client:
        poll("the connection to be seen",
             lambda: daemon.metrics()["eidcached_http_connections"] >= 2)
        daemon.process.send_signal(signal.SIGTERM)
        poll("the drain", lambda: "stopping" in daemon.log())
        client.sendall(b"GET /v1/forward/one HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.settimeout(10)
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    daemon.stop()


def test_sockets_that_systemd_passes(lab):
    need(shutil.which("systemd-socket-activate"), "systemd-socket-activate is missing")
    lab.names(["one"])
    config = lab.write_config(lab.config(http={"listen": ["systemd", f"unix:{lab.socket()}"]}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = open(lab.path + "/activated.log", "wb")
    process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}",
                                *[f"-E{k}={v}" for k, v in lab.env().items()],
                                DAEMON, "--config", config], stderr=log, stdout=log)
    try:

        client = Client(f"127.0.0.1:{port}")

        def answered():
            try:
                return client.forward("one").status == 200
            except OSError:
                return False
        poll("an answer on the passed socket", answered)
    finally:
        process.terminate()
        assert process.wait(20 * SLOW) == 0
        log.close()


def passing(fds):
    """A wrapper that passes descriptors on as systemd does; fds: pairs of name and descriptor."""
    opens = "; ".join(f"exec {3 + i}<>/proc/{os.getpid()}/fd/{fd}"
                      if not seals(fd) & fcntl.F_SEAL_WRITE else
                      f"exec {3 + i}</proc/{os.getpid()}/fd/{fd}"
                      for i, (_, fd) in enumerate(fds))
    names = ":".join(name for name, _ in fds)
    return ["sh", "-c", f"{opens}; LISTEN_FDS={len(fds)} LISTEN_FDNAMES={names} "
            'LISTEN_PID=$$ exec "$@"', "sh"]


def seals(fd):
    try:
        return fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:  # a file that can have none
        return 0


@pytest.fixture
def keeping(lab, manager):
    """A daemon whose descriptors are kept, ended; only what was kept knows its names."""
    lab.names(["one", "two"])
    daemon = lab.start(env={"NOTIFY_SOCKET": manager.address, "FDSTORE": "4"})
    poll("an image kept", lambda: len(manager.images()) == 1 and "times" in manager.kept)
    lab.names(["one", "two", "three"])
    daemon.refresh()
    poll("its successor kept", lambda: [n for n in manager.images() if n.startswith("image-2-")])
    poll("one image kept", lambda: len(manager.images()) == 1)
    before = daemon.status_document()["generation"]
    daemon.stop()
    shutil.rmtree(lab.snapshots)
    os.remove(lab.names_path)
    return before


def restart(lab, manager, kept, also=(), room="4", **sections):
    return lab.start(wait="listening", wrap=passing([*kept.items(), *also]),
                     env={"NOTIFY_SOCKET": manager.address, "FDSTORE": room}, **sections)


def test_what_is_kept_is_served(lab, manager, keeping):
    assert all(seals(manager.kept[name]) & fcntl.F_SEAL_WRITE for name in manager.images())
    daemon = restart(lab, manager, dict(manager.kept))
    assert daemon.forward("three").status == 200
    after = daemon.status_document()["generation"]
    assert {k: after[k] for k in ("number", "id", "verified_at", "refreshed_at")} == \
        {k: keeping[k] for k in ("number", "id", "verified_at", "refreshed_at")}


def memfd(data, sealed):
    fd = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    if sealed:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK |
                    fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd


def file_of(lab, data):
    path = os.path.join(lab.path, "image")
    with open(path, "wb") as file:
        file.write(data)
    return os.open(path, os.O_RDONLY)


def damaged(manager):
    with open(f"/proc/self/fd/{manager.kept[manager.images()[0]]}", "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 1
    return data


@pytest.mark.parametrize("case", ["unsealed", "file", "damaged", "empty", "text"])
def test_what_is_no_good_is_not_served(lab, manager, keeping, case):
    name = manager.images()[0]
    good = os.pread(manager.kept[name], 1 << 24, 0)
    data = {"unsealed": good, "damaged": damaged(manager), "empty": b"", "text": b"hello",
            "file": good}[case]
    fd = memfd(bytes(data), sealed=case != "unsealed")
    if case == "file":
        os.dup2(file_of(lab, good), fd)
    daemon = restart(lab, manager, {name: fd, "times": manager.kept["times"]})
    os.close(fd)
    assert daemon.forward("three").status == 503
    assert "the image that the service manager kept" in daemon.log()
    poll("it and its times to be given up", lambda: manager.kept == {})
    lab.names(["four"])
    daemon.refresh()
    poll("a successor with times", lambda: len(manager.images()) == 1 and "times" in manager.kept)


def test_what_is_no_good_does_not_hide_what_is_older(lab, manager, keeping):
    name = manager.images()[0]
    manager.kept["image-9-0123456789abcdef"] = memfd(bytes(damaged(manager)), sealed=True)
    daemon = restart(lab, manager, dict(manager.kept))
    assert daemon.forward("three").status == 200
    assert daemon.status_document()["generation"]["verified_at"] == keeping["verified_at"]
    assert "kept, image-9-0123456789abcdef: " in daemon.log()
    poll("only the good one to be kept", lambda: manager.images() == [name])
    assert "times" in manager.kept


def test_times_are_kept_once(lab, manager, keeping):
    """An earlier program may have left two documents; one is room for an image."""
    stale = memfd(b"{}", sealed=False)
    daemon = restart(lab, manager, manager.kept, also=[("times", stale)])
    os.close(stale)
    assert daemon.status_document()["generation"]["verified_at"] == keeping["verified_at"]
    poll("both to be replaced", lambda: [f["FDNAME"] for f in manager.with_key("FDSTOREREMOVE")
                                         if f["FDNAME"] == "times"] and "times" in manager.kept)


def memfds(daemon):
    """The image memfds that a process has open, and those that it has mapped."""
    folder = f"/proc/{daemon.process.pid}/fd"
    links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
    with open(f"/proc/{daemon.process.pid}/maps", encoding="utf-8") as file:
        mapped = set(re.findall(r"/memfd:(image-\S+)", file.read()))
    return [link for link in links if "/memfd:image-" in link], mapped


def test_what_was_passed_is_not_held_beyond_its_use(lab, manager, keeping):
    first = manager.images()[0]
    daemon = restart(lab, manager, dict(manager.kept))
    assert memfds(daemon) == ([], {first})
    lab.names(["four", "five"])
    daemon.refresh()
    poll("its successor kept", lambda: manager.images() and manager.images() != [first])
    poll("its pages given back", lambda: memfds(daemon) == ([], set(manager.images())))


def test_times_that_are_no_good_make_it_older_not_younger(lab, manager, keeping):
    fd = memfd(b'{"number":', sealed=False)
    daemon = restart(lab, manager, {manager.images()[0]: manager.kept[manager.images()[0]],
                                    "times": fd})
    os.close(fd)
    assert daemon.forward("three").status == 200
    assert daemon.status_document()["generation"]["verified_at"] <= keeping["verified_at"]


def test_which_image_has_other_eids_is_said(lab, manager, keeping):
    """What was kept is older than what the directory has, and made otherwise, or the other way."""
    other = lab.start(wait="listening", eid={"bits": 64})
    for count in range(1, 5):
        lab.names([f"local_{n}" for n in range(count)])
        number = other.refresh()["generation"]["number"]
    other.stop()
    assert number > keeping["number"]
    os.remove(lab.names_path)
    kept = dict(manager.kept)
    daemon = restart(lab, manager, kept, room=None)
    assert daemon.forward("three").status == 200
    assert re.search(r"file:\S+, though newer: its image has EIDs by .*64.*: not used",
                     daemon.log())
    daemon.stop()
    daemon = restart(lab, manager, kept, room=None, eid={"bits": 64})
    assert daemon.forward("local_0").status == 200
    assert re.search(r"descriptor store: its image has EIDs by .*128.*: not used", daemon.log())


def test_nothing_is_kept_unasked(lab, manager):
    lab.names(["one"])
    lab.start(env={"NOTIFY_SOCKET": manager.address}).settle().stop()
    assert manager.kept == {}


def staged_unit(tmp_path):
    """The unit with the path of this build's program in it, so that it can be verified here."""
    with open(UNIT, encoding="utf-8") as file:
        text = file.read().replace("/usr/sbin/eidcached", DAEMON)
    path = tmp_path / "eidcached.service"
    path.write_text(text)
    return str(path)


def test_the_unit_verifies(tmp_path):
    need(shutil.which("systemd-analyze"), "systemd-analyze is missing")
    need(os.path.exists(DAEMON), f"{BUILD} is not built")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", staged_unit(tmp_path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "eidcached.service" not in done.stderr, done.stderr


def test_the_unit_is_hardened(tmp_path):
    need(shutil.which("systemd-analyze"), "systemd-analyze is missing")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=11",
                           "--no-pager", staged_unit(tmp_path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
