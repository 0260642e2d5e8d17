"""Names from a file, whatever is in it, and disks that refuse."""
import os
import subprocess

import pytest

from conftest import need
from harness import eid, poll


def start_with(lab, raw, **sections):
    with open(lab.names_path, "wb") as file:
        file.write(raw)
    daemon = lab.start(**sections)
    daemon.wait_rounds(1)
    return daemon


def test_crlf_duplicates_and_no_final_newline(lab):
    daemon = start_with(lab, b"\xef\xbb\xbffirst\r\nsecond\nfirst\n\n\r\nlast")
    assert daemon.status_document()["generation"]["names"] == 3
    assert daemon.batch("forward", ["first", "second", "last"]) == {
        name: eid(name) for name in ("first", "second", "last")}


def test_lines_that_are_not_names_are_left_out_and_told_of(lab):
    raw = b"good\n\xff\xfe\nnul\x00inside\n" + b"x" * 2049 + b"\nalso good\n"
    daemon = start_with(lab, raw)
    assert daemon.batch("forward", ["good", "also good"]) == {
        name: eid(name) for name in ("good", "also good")}
    status = daemon.status_document()
    assert status["generation"]["names"] == 2
    assert "2" in daemon.log() and "line" in daemon.log()
    assert "\xff" not in daemon.log()


def test_a_line_cannot_forge_a_log_line(lab):
    daemon = start_with(lab, b"good\n\x1b[2J\xff2026-01-01T00:00:00Z error forged\n")
    assert "\x1b" not in daemon.log()


def test_the_longest_name(lab):
    name = "é" * 1024
    daemon = start_with(lab, name.encode() + b"\n")
    assert daemon.forward(name).json["eid"] == eid(name)


def test_an_empty_file_is_an_empty_map(lab):
    assert start_with(lab, b"").status_document()["generation"]["names"] == 0


def test_a_file_that_is_not_there_is_said_and_looked_for_again(lab):
    daemon = lab.start(wait="listening")
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert lab.names_path in status["refresh"]["last_error"]
    assert daemon.forward("x").status == 503
    lab.names(["x"])
    poll("the file", lambda: daemon.forward("x").status == 200)


def test_a_file_that_goes_away_costs_nothing(lab):
    daemon = start_with(lab, b"good\n")
    os.unlink(lab.names_path)
    assert daemon.refresh()["refresh"]["last_result"] == "failed"
    assert daemon.forward("good").status == 200


def test_a_file_in_another_encoding_costs_nothing(lab):
    daemon = start_with(lab, b"sales\norders\n")
    with open(lab.names_path, "wb") as file:
        file.write("sales\r\norders\r\n".encode("utf-16"))
    refresh = daemon.refresh()["refresh"]
    assert refresh["last_result"] == "failed"
    assert lab.names_path + ": no line of it is a name" in refresh["last_error"]
    assert daemon.batch("forward", ["sales", "orders"]) == {
        name: eid(name) for name in ("sales", "orders")}


def test_a_map_that_becomes_empty_is_told_of(lab):
    daemon = start_with(lab, b"sales\norders\n")
    assert "empty now" not in daemon.log()
    lab.names([])
    status = daemon.refresh()
    assert status["generation"]["names"] == 0  # so few may go
    assert daemon.log().count("the map is empty now; it had 2 names") == 1
    daemon.refresh()
    assert daemon.log().count("the map is empty now") == 1


def test_a_filter_that_passes_nothing_is_told_of(lab):
    lab.names(["sales", "orders"])
    source = {"type": "file", "path": lab.names_path, "include": ["prod_*"]}
    status = lab.start(sources={"names": source}).wait_rounds(1)
    assert status["refresh"]["last_result"] == "ok"
    assert "none of its 2 names passes include and exclude" in status["sources"][0]["error"]


def test_a_folder_is_not_a_file(lab):
    os.mkdir(lab.names_path)
    daemon = lab.start(wait="listening")
    assert daemon.wait_rounds(1)["refresh"]["last_result"] == "failed"


def store_error(status):
    return status["stores"][0]["error"]


@pytest.fixture
def small_disk(lab):
    """A file system of 64 KiB, mounted on the snapshot folder."""
    need(os.geteuid() == 0, "needs root to mount a small file system")
    os.makedirs(lab.snapshots)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", lab.snapshots],
                          capture_output=True, check=False)
    need(done.returncode == 0, f"cannot mount: {done.stderr.decode()}")
    yield lab.snapshots
    subprocess.run(["umount", "-l", lab.snapshots], check=True)


def test_a_full_disk_costs_no_data(lab, small_disk):
    small = [f"small_{n}" for n in range(100)]
    lab.names(small)
    daemon = lab.start()
    assert store_error(daemon.wait_rounds(1)) is None
    big = [*small, *(f"big_{n:06d}" for n in range(20000))]
    lab.names(big)
    status = daemon.refresh()
    assert status["generation"]["names"] == len(big)  # served all the same
    assert "space" in store_error(status)
    assert daemon.forward("big_019999").status == 200
    assert [f for f in os.listdir(small_disk + "/images") if not f.endswith(".eidc")] == []
    daemon.stop()
    os.unlink(lab.names_path)
    daemon = lab.start()  # the small image is whole
    assert daemon.batch("forward", small) == {name: eid(name) for name in small}


def test_a_disk_that_has_room_again_is_used_again(lab, small_disk):
    lab.names([f"big_{n:06d}" for n in range(20000)])
    daemon = lab.start()
    assert store_error(daemon.wait_rounds(1))
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    assert store_error(daemon.refresh()) is None
    assert os.path.exists(small_disk + "/CURRENT")


def test_a_read_only_disk_costs_no_data(lab, small_disk):
    lab.names(["one"])
    lab.start().stop()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    lab.names(["one", "two"])
    daemon = lab.start()
    poll("the listing", lambda: daemon.forward("two").status == 200)
    assert "ead-only" in store_error(daemon.wait_rounds(1))
    assert daemon.forward("one").status == 200


def test_a_snapshot_folder_that_cannot_be_made_is_said(lab):
    lab.names(["one"])
    with open(lab.snapshots, "w", encoding="utf-8"):
        pass  # a file where the folder should be
    daemon = lab.start(wait=None)
    try:
        daemon.wait_ready()
    except AssertionError:  # refusing to start is an answer too, when it says why
        assert daemon.process.wait(10) == 1
        daemon.stopped = True
    assert lab.snapshots in daemon.log()
