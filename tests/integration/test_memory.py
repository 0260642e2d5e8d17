"""What a refresh costs in memory: the peak beside the image, as the kernel counts it."""
import os
import re

import pytest

from harness import WRAP

S3 = "s3://bucket/peak"
TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}
MIB = 1 << 20


def peak(daemon):
    """The highest resident size so far, in bytes."""
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024


def refreshed(lab, aws, name, databases, tables):
    """Peak and image size of a daemon that listed, built, published and saved everywhere."""
    aws.set(databases=databases, tables=tables, buckets=["bucket"])
    snapshot = {"dir": os.path.join(lab.path, name), "s3": f"{S3}/{name}"}  # else the defaults
    daemon = lab.start(sources=TABLES, snapshot=snapshot, log={"level": "info"}).settle()
    status = daemon.status_document()
    assert status["generation"]["names"] == databases * tables
    assert status["refresh"]["last_result"] == "ok"
    assert all(store["last_saved_at"] for store in status["stores"])
    result = peak(daemon), status["generation"]["bytes"]
    daemon.stop()
    return result


@pytest.mark.skipif(bool(WRAP), reason="counts the memory of the program it runs under")
def test_a_first_refresh_peaks_at_three_images(lab, aws):
    fixed, _ = refreshed(lab, aws, "empty", 1, 1)  # libraries, connections
    most, image = refreshed(lab, aws, "full", 500, 200)
    assert image > 4 * MIB
    assert most - fixed <= 3 * image + 4 * MIB, (most / MIB, fixed / MIB, image / MIB)
    assert aws.object("bucket", "peak/full/eid_cache.json")  # two and a half images by itself


@pytest.mark.skipif(bool(WRAP), reason="counts the memory of the program it runs under")
def test_a_page_of_nothing_but_numbers_costs_little_more_than_itself(lab, aws):
    """14 MB of `1,1,1`, of which a tree would be 560 MB."""
    aws.set(databases=3)
    databases = {"prod": {"type": "aws", "list": "glue.databases"}}
    daemon = lab.start(sources=databases).settle()
    before = peak(daemon)
    aws.fault("GetDatabases", "dense", times=-1)
    status = daemon.refresh()
    assert "too many values" in status["refresh"]["last_error"]
    assert peak(daemon) - before < 64 * MIB
    assert status["generation"]["names"] == 3
    aws.heal()
    assert daemon.refresh()["refresh"]["last_result"] == "ok"
