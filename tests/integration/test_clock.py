"""Clocks that jump: the daemon under libfaketime, whose offset is a file's."""
import glob
import os
import time

import pytest

from conftest import need
from harness import parse_time

DAY = 86400


@pytest.fixture
def clock(lab):
    """clock(seconds) puts the daemon's clock so far beside ours; clock.env makes that so."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    need(libraries, "libfaketime is missing (Debian: faketime)")
    path = os.path.join(lab.path, "clock")

    def put(seconds):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+d}")
        os.replace(path + ".new", path)
    put.env = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": path,
               "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    put(0)
    return put


def two_files(lab):
    lab.names(["a", "b"])
    other = os.path.join(lab.path, "other.txt")
    with open(other, "w", encoding="ascii") as file:
        file.write("c\n")
    sources = {"names": {"type": "file", "path": lab.names_path},
               "other": {"type": "file", "path": other}}
    return sources, other


def verified(status):
    return {s["name"]: parse_time(s["verified_at"]) for s in status["sources"]}


def test_what_a_clock_that_was_ahead_confirmed_grows_old_all_the_same(lab, clock):
    sources, other = two_files(lab)
    clock(10 * DAY)
    daemon = lab.start(env=clock.env, sources=sources).settle()
    assert verified(daemon.status_document())["other"] > time.time() + 9 * DAY
    os.unlink(other)
    clock(0)
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "partial"
    assert verified(status)["other"] <= time.time()
    assert parse_time(status["generation"]["refreshed_at"]) <= time.time()
    assert int(daemon.forward("c").header("Age")) < 60
    clock(3600)
    assert int(daemon.forward("c").header("Age")) >= 3600


def test_nothing_is_fresh_for_days_because_the_clock_was_ahead(lab, clock):
    sources, other = two_files(lab)
    clock(10 * DAY)
    daemon = lab.start(env=clock.env, sources=sources, refresh={"max_stale": "1h"}).settle()
    os.unlink(other)
    os.unlink(lab.names_path)
    clock(0)
    assert daemon.refresh()["refresh"]["last_result"] == "failed"
    assert daemon.get("/readyz").status == 200
    assert daemon.metrics()["eidcached_verified_timestamp_seconds"] <= time.time()
    clock(2 * 3600)
    assert daemon.get("/readyz").status == 503
    lab.names(["a", "b"])
    assert daemon.refresh()["refresh"]["last_result"] == "partial"
    assert daemon.get("/readyz").status == 200


@pytest.mark.parametrize("jump", [10 * DAY, -10 * DAY])
def test_what_waits_does_not_wait_for_the_clock(lab, aws, clock, jump):
    """Intervals, time-outs and long polls are measured by a clock that nobody puts."""
    aws.set(databases=3)
    daemon = lab.start(env=clock.env, refresh={"timeout": "30s"}, aws={"timeout": "2s"},
                       sources={"prod": {"type": "aws", "list": "glue.databases"}}).settle()
    aws.fault("GetDatabases", "hang", times=1)  # given up after 2 s, and tried again
    clock(jump)
    began = time.monotonic()
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "ok"
    assert 1.5 < time.monotonic() - began < 20
    assert 1.5 < status["refresh"]["history"][0]["duration_seconds"] < 20
    assert abs(verified(status)["prod"] - time.time() - jump) < 60
    assert daemon.forward("db_00000").status == 200
