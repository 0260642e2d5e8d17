"""eidctl: against a daemon, and offline on image files."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest

from harness import CTL, SLOW, eid, poll

NAMES = ["sales", "sales.orders", "a/b c", "ünïcödé 🦆", "quote\"d"]


@pytest.fixture
def daemon(lab):
    lab.names(NAMES)
    daemon = lab.start()
    daemon.wait_rounds(1)
    return daemon


@pytest.fixture
def image(lab):
    lab.names(NAMES)
    path = lab.path + "/offline.eidc"
    done = lab.ctl(None, "image", "build", lab.names_path, path)
    assert done.returncode == 0, done.stderr
    return path


def test_forward(lab, daemon):
    done = lab.ctl(daemon, "forward", "sales")
    assert (done.returncode, done.stdout) == (0, eid("sales") + "\n")
    done = lab.ctl(daemon, "forward", *NAMES)
    assert done.returncode == 0
    assert all(eid(name) in done.stdout for name in NAMES)


def test_reverse(lab, daemon):
    done = lab.ctl(daemon, "reverse", eid("a/b c"))
    assert (done.returncode, done.stdout) == (0, "a/b c\n")


def test_from_standard_input(lab, daemon):
    done = lab.ctl(daemon, "forward", "-", data="\n".join(NAMES).encode())
    assert done.returncode == 0, done.stderr
    assert all(eid(name) in done.stdout for name in NAMES)


def test_a_miss_is_4(lab, daemon):
    assert lab.ctl(daemon, "forward", "nothing").returncode == 4
    done = lab.ctl(daemon, "forward", "sales", "nothing")
    assert done.returncode == 4 and eid("sales") in done.stdout
    assert lab.ctl(daemon, "reverse", "0" * 32).returncode == 4


def test_json(lab, daemon):
    done = lab.ctl(daemon, "-o", "json", "forward", "sales")
    assert done.returncode == 0, done.stderr
    assert eid("sales") in json.dumps(json.loads(done.stdout))


def test_over_tcp(lab, daemon):
    done = lab.ctl(None, "--server", f"http://{daemon.where}", "forward", "sales")
    assert (done.returncode, done.stdout) == (0, eid("sales") + "\n")


def test_status(lab, daemon):
    text = lab.ctl(daemon, "status")
    assert text.returncode == 0 and str(len(NAMES)) in text.stdout
    document = json.loads(lab.ctl(daemon, "-o", "json", "status").stdout)
    assert document["generation"]["names"] == len(NAMES)


def test_names(lab, daemon):
    done = lab.ctl(daemon, "names", "--prefix", "sales")
    names = sorted((name for name in NAMES if name.startswith("sales")), key=str.encode)
    assert done.stdout == "".join(f"{name}\t{eid(name)}\n" for name in names)
    assert done.returncode == 0 and names


def test_changes(lab, daemon):
    first = daemon.status_document()["generation"]["number"]
    lab.names(NAMES[1:] + ["new"])
    daemon.refresh()
    done = lab.ctl(daemon, "changes", "--since", str(first))
    assert done.stdout == f"+new\t{eid('new')}\n-{NAMES[0]}\t{eid(NAMES[0])}\n"
    done = lab.ctl(daemon, "changes", "--since", "0")
    assert done.returncode == 1 and "read everything again" in done.stderr


def test_following_changes_over_a_restart(lab, daemon):
    first = daemon.status_document()["generation"]["number"]
    with open(lab.path + "/out", "wb") as out, open(lab.path + "/err", "wb") as err:
        place = lab.path + "/there.sock"
        os.symlink(daemon.socket, place)
        argv = [CTL, "--server", "unix:" + place, "changes", "--follow", "--since", str(first)]
        follower = subprocess.Popen(argv, stdout=out, stderr=err, env=lab.env({}))

    def said(name):
        with open(f"{lab.path}/{name}", encoding="utf-8") as file:
            return file.read()

    try:
        lab.names([*NAMES, "one"])
        daemon.refresh()
        poll("the first", lambda: f"+one\t{eid('one')}\n" in said("out"))
        daemon.stop()
        poll("the outage", lambda: "asking again" in said("err"))
        again = lab.start().settle()
        os.unlink(place)
        os.symlink(again.socket, place)
        lab.names([*NAMES, "one", "two"])
        again.refresh()
        poll("the second", lambda: f"+two\t{eid('two')}\n" in said("out"))
        last = again.status_document()["generation"]["number"]
        poll("no more", lambda: follower.send_signal(signal.SIGINT) or follower.poll() is not None)
    finally:
        follower.kill()
    assert follower.wait() == -signal.SIGINT
    assert said("err").endswith(f"last generation {last}: go on with --since {last}\n")
    assert said("out").count("\n") == 2


def test_wait_ready(lab):
    daemon = lab.start(wait="listening")  # there are no names yet
    assert lab.ctl(daemon, "wait-ready", "--wait=0s").returncode == 1
    lab.names(NAMES)
    assert lab.ctl(daemon, "wait-ready", "--wait=60s").returncode == 0


def test_wait_ready_for_one_that_says_nothing(lab):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # the kernel takes the connections
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        done = lab.ctl(None, "--server", url, "wait-ready", "--wait=2s")
    assert done.returncode == 1 and "not ready after 2 s" in done.stderr
    assert time.monotonic() - began < 10 * SLOW


def test_refresh(lab, daemon):
    lab.names([*NAMES, "new"])
    done = lab.ctl(daemon, "refresh", "--wait")
    assert done.returncode == 0, done.stderr
    assert daemon.forward("new").status == 200
    os.unlink(lab.names_path)
    done = lab.ctl(daemon, "refresh", "--wait")
    assert done.returncode == 1
    assert lab.names_path in done.stdout + done.stderr


def test_health(lab, daemon):
    assert lab.ctl(daemon, "health").returncode == 0
    daemon.stop()
    assert lab.ctl(daemon, "health").returncode == 1


def test_no_daemon_is_1_and_says_where_it_looked(lab):
    done = lab.ctl(None, "forward", "x", env={"EIDCACHE_SERVER": "http://127.0.0.1:9"})
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr


def test_compute_needs_no_daemon(lab):
    done = lab.ctl(None, "compute", "sales")
    assert (done.returncode, done.stdout) == (0, eid("sales") + "\n")
    done = lab.ctl(None, "compute", *NAMES)
    assert all(eid(name) in done.stdout for name in NAMES)


def test_images_offline(lab, image):
    assert lab.ctl(None, "image", "verify", image).returncode == 0
    info = lab.ctl(None, "image", "info", image)
    assert info.returncode == 0 and str(len(NAMES)) in info.stdout and "sha256" in info.stdout
    done = lab.ctl(None, "image", "lookup", image, "sales")
    assert done.returncode == 0 and eid("sales") in done.stdout
    assert lab.ctl(None, "image", "lookup", image, "nothing").returncode == 4
    done = lab.ctl(None, "--image", image, "forward", "sales")
    assert (done.returncode, done.stdout) == (0, eid("sales") + "\n")
    done = lab.ctl(None, "--image", image, "reverse", eid("sales"))
    assert (done.returncode, done.stdout) == (0, "sales\n")


def test_what_images_hold(lab, image):
    lab.names(["new", *NAMES[1:]])
    after = lab.path + "/after.eidc"
    assert lab.ctl(None, "image", "build", lab.names_path, after).returncode == 0
    done = lab.ctl(None, "image", "diff", image, after)
    assert (done.returncode, done.stdout) == (
        0, f"+new\t{eid('new')}\n-sales\t{eid('sales')}\n")
    done = lab.ctl(None, "image", "list", "--prefix", "sales", image)
    assert done.stdout == f"sales\t{eid('sales')}\nsales.orders\t{eid('sales.orders')}\n"


def test_the_eid_cache_goes_out_and_in(lab, daemon, image):
    document = lab.ctl(None, "image", "export", lab.snapshots + "/current.eidc").stdout
    assert json.loads(document)["forward_dict"] == {name: eid(name) for name in NAMES}
    path, again = lab.path + "/eid_cache.json", lab.path + "/again.eidc"
    with open(path, "w", encoding="utf-8") as file:
        file.write(document)
    assert lab.ctl(None, "image", "import", path, again).returncode == 0
    done = lab.ctl(None, "image", "diff", image, again)
    assert (done.returncode, done.stdout) == (0, "")


def test_images_are_reproducible(lab, image):
    lab.names(reversed(NAMES))
    again = lab.path + "/again.eidc"
    assert lab.ctl(None, "image", "build", lab.names_path, again).returncode == 0
    ids = [json.loads(lab.ctl(None, "-o", "json", "image", "info", path).stdout)["id"]
           for path in (image, again)]
    assert ids[0] == ids[1]


def test_what_the_daemon_saved_can_be_verified(lab, daemon):
    done = lab.ctl(None, "image", "verify", lab.snapshots + "/current.eidc")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("at", [0, 20, 0.5, -1])
def test_a_damaged_image_is_found(lab, image, at):
    with open(image, "r+b") as file:
        raw = bytearray(file.read())
        where = int(len(raw) * at) if isinstance(at, float) else at
        raw[where] ^= 1
        file.seek(0)
        file.write(raw)
    done = lab.ctl(None, "image", "verify", image)
    assert done.returncode == 1
    assert image in done.stderr


@pytest.mark.parametrize("arguments", [[], ["dance"], ["forward"], ["image"], ["image", "dance"],
                                       ["--colour"], ["-o", "xml", "status"], ["image", "info"]])
def test_usage_is_2(lab, arguments):
    done = lab.ctl(None, *arguments)
    assert done.returncode == 2
    assert done.stderr


def test_help(lab):
    for arguments in (["--help"], ["forward", "--help"]):
        done = lab.ctl(None, *arguments)
        assert done.returncode == 0 and "forward" in done.stdout
    assert lab.ctl(None, "--version").stdout.startswith("eidctl ")
