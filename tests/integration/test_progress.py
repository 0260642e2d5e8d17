"""Long listings are watched, not waited for: a live line, log lines, /v1/status, eidctl status."""
import os
import pty
import re
import subprocess
import threading

from harness import DAEMON, SLOW, WRAP, poll

TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}
LISTING = re.compile(rb"\r(listing: \d+ of \d+\+? scopes?, [^\r\x1b]+)\x1b\[K")


def on_a_terminal(lab, config):
    """Exit code and all that a pseudo terminal was shown by --once."""
    ours, theirs = pty.openpty()
    shown = []

    def read():
        try:
            while chunk := os.read(ours, 65536):
                shown.append(chunk)
        except OSError:  # the other end is closed
            pass
    reader = threading.Thread(target=read)
    reader.start()
    process = subprocess.Popen([*WRAP, DAEMON, "--config", config, "--once"], env=lab.env(),
                               stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    code = process.wait(60 * SLOW)
    reader.join(10)
    os.close(ours)
    return code, b"".join(shown)


def test_a_live_line_on_a_terminal(lab, aws):
    aws.set(databases=60, tables=3, latency_ms=50)
    config = lab.write_config(lab.config(sources=TABLES, refresh={"concurrency": 4},
                                         log={"level": "info"}))
    code, shown = on_a_terminal(lab, config)
    assert code == 0, shown
    lines = LISTING.findall(shown)
    assert len(lines) > 3, shown
    assert any(b" of 60 scopes, " in line and b" calls, " in line and b"/s" in line
               for line in lines), lines
    assert any(line.endswith(b" s left") for line in lines), lines
    last = shown.rindex(b"\x1b[K")  # wiped before what stays is written
    assert shown[:last].endswith(b"\r")
    assert b"names 180" in shown[last:]
    for log_line in re.findall(rb"[^\r\n]*info  [^\r\n]*", shown):  # none behind a live one
        assert re.match(rb"(\x1b\[K)?\d{4}-", log_line), log_line


def test_none_in_a_pipe_or_for_machines(lab, aws):
    aws.set(databases=10, tables=1, latency_ms=50)
    done = lab.once(sources=TABLES, refresh={"concurrency": 2})
    assert done.returncode == 0
    assert "\r" not in done.stderr and "\x1b" not in done.stderr
    config = lab.write_config(lab.config(sources=TABLES, log={"format": "json"}), "json.yaml")
    _, shown = on_a_terminal(lab, config)
    assert b"\x1b" not in shown


def test_status_while_it_runs_and_not_after(lab, aws):
    aws.set(databases=5, tables=2)
    daemon = lab.start(sources=TABLES).settle()
    assert "progress" not in daemon.status_document()["refresh"]
    aws.fault("GetTables", "hang", database="db_00004", times=-1)
    daemon.unix.post("/v1/refresh")
    seen = poll("all but one listed", lambda: (
        lambda p: p if p and p["scopes_done"] == 4 else None)(
            daemon.status_document()["refresh"].get("progress")))
    assert seen["phase"] == "listing"
    assert (seen["scopes_known"], seen["scopes_kept"], seen["names"]) == (5, 0, 8)
    assert seen["all_known"] is True
    assert seen["aws_calls"] >= 6
    assert seen["throttles"] == 0
    assert seen["elapsed_seconds"] > 0
    told = lab.ctl(daemon, "status").stdout
    assert re.search(r"^ +listing: 4 of 5 scopes, 8 names, \d+ calls, ", told, re.M), told
    aws.heal()
    poll("over", lambda: daemon.status_document()["refresh"]["state"] != "running")
    assert "progress" not in daemon.status_document()["refresh"]
    assert "listing:" not in lab.ctl(daemon, "status").stdout


def test_throttles_are_counted(lab, aws):
    aws.set(databases=3, tables=1)
    aws.set(faults=[{"op": "GetTables", "do": "throttle", "times": 2},
                    {"op": "GetTables", "do": "hang", "database": "db_00002", "times": -1}])
    daemon = lab.start(sources=TABLES, wait="listening", aws={"max_attempts": 5})
    poll("two throttles", lambda: (
        daemon.status_document()["refresh"].get("progress") or {}).get("throttles") == 2)
    aws.heal()
    daemon.settle()


def test_a_log_line_every_ten_seconds(lab, aws):
    aws.set(databases=3, tables=1)
    aws.fault("GetTables", "hang", database="db_00001", times=-1)
    daemon = lab.start(sources=TABLES, wait="listening", log={"level": "info"},
                       aws={"timeout": "60s"})
    poll("a line", lambda: "refresh: listing: 2 of 3 scopes, 2 names" in daemon.log(), timeout=40)
    aws.heal()
