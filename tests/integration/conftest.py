"""Fixtures: `lab` runs daemons in a folder of the test's own, `aws` is a reset stand-in."""
import os
import shutil

import pytest

import harness
import standins


def pytest_report_header():
    return f"eidcached: {harness.DAEMON}"


def need(condition, what):
    """A missing prerequisite fails in CI and is a skip that says so elsewhere."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


@pytest.fixture
def lab(tmp_path):
    made = harness.Lab(tmp_path)
    yield made
    made.close()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def aws_process():
    started = standins.Aws()
    yield started
    started.close()


@pytest.fixture
def aws(aws_process, lab):
    """The stand-in, emptied; the lab's daemons are pointed at it."""
    aws_process.set(reset=True)
    lab.aws = aws_process
    yield aws_process


@pytest.fixture(scope="session")
def radosgw_process():
    missing = standins.Radosgw.missing()
    need(not missing, "radosgw's programs are missing: " + " ".join(missing))
    started = standins.Radosgw()
    yield started
    started.close()
