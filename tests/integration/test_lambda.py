"""The daemon's program as an AWS Lambda function, against a stand-in for the runtime API."""
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile

import pytest

from conftest import need
from harness import BUILD, DAEMON, SLOW, SOURCE, WRAP, eid

sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
from lambda_runtime import Runtime  # noqa: E402 pylint: disable=wrong-import-position


class Function:
    """A sandbox with the function's program in it."""

    def __init__(self, lab, config, program=DAEMON, root=None):
        self.runtime = Runtime()
        lab.write_config(config)
        self.log_path = lab.path + "/function.log"
        self.log_file = open(self.log_path, "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*WRAP, program], stdout=self.log_file, stderr=self.log_file,
            env=lab.env({"AWS_LAMBDA_RUNTIME_API": self.runtime.address,
                         "LAMBDA_TASK_ROOT": root or lab.path}))

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def close(self):
        self.runtime.close()
        try:
            return self.process.wait(20 * SLOW)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.log_file.close()


@pytest.fixture
def function(lab, aws):
    made = []

    def make(config=None, program=DAEMON, root=None, **sections):
        made.append(Function(lab, config or lab.config(**{"http": None, **sections}), program,
                             root))
        return made[-1]
    yield make
    for one in made:
        one.close()


GLUE = {"sources": {"prod": {"type": "aws", "list": "glue.databases"}},
        "aws": {"timeout": "20s", "max_attempts": 1}}


def test_a_hundred_invocations(function, lab, aws):
    aws.set(databases=1000, latency_ms=20)
    sandbox = function(**GLUE)
    kind, _, summary = sandbox.runtime.invoke()
    print(f"init to done, 1,000 names, 20 ms a call: {time.monotonic() - sandbox.started:.3f} s")
    assert (kind, summary["result"], summary["names"]) == ("response", "ok", 1000)
    aws.set(latency_ms=0)
    for number in range(2, 101):
        if number == 50:
            aws.fault("GetDatabases", "accessdenied", times=1)
        if number == 70:
            aws.fault("GetDatabases", "hang", times=1)
        kind, headers, told = sandbox.runtime.invoke(deadline_s=2 if number == 70 else 60)
        if number == 50:
            assert kind == "error", told
            assert headers["Lambda-Runtime-Function-Error-Type"] == "Refresh.Failed"
            assert told["errorType"] == "Refresh.Failed" and told["stackTrace"] == []
            assert "AccessDenied" in told["errorMessage"]
        elif number == 70:
            assert kind == "error" and "not listed within" in told["errorMessage"], told
        else:
            assert (kind, told["result"], told["generation"]) == ("response", "ok", 1), told
    assert os.path.exists(lab.snapshots + "/eid_cache.json")
    done = lab.ctl(None, "image", "lookup", lab.snapshots + "/current.eidc", "db_00042")
    assert done.stdout.strip() == eid("db_00042")


def test_a_fresh_sandbox_starts_from_the_snapshot(function, aws):
    aws.set(databases=["sales"])
    function(**GLUE).runtime.invoke()
    aws.set(databases=["sales", "hr"])
    kind, _, summary = function(**GLUE).runtime.invoke()
    assert (kind, summary["generation"], summary["added"]) == ("response", 2, 1)


def test_the_event_may_accept_a_shrink(function, aws):
    aws.set(databases=100)
    sandbox = function(**GLUE)
    sandbox.runtime.invoke()
    aws.set(databases=50)
    assert sandbox.runtime.invoke()[2]["result"] == "held"
    assert 'let go with the event {"accept_shrink": true}' in sandbox.log()
    kind, _, summary = sandbox.runtime.invoke({"accept_shrink": True, "source": "aws.events"})
    assert (kind, summary["result"], summary["names"]) == ("response", "ok", 50)


def test_what_could_not_be_saved_is_a_failure(function, lab, aws):
    aws.set(databases=["sales"])
    sandbox = function(**GLUE, snapshot={"s3": "s3://no-such-bucket/x"})
    kind, _, told = sandbox.runtime.invoke()
    assert kind == "error" and told["errorType"] == "Refresh.NotSaved", told
    assert "NoSuchBucket" in told["errorMessage"]


def test_a_store_that_hangs_is_told_of_before_the_deadline(function, aws):
    """Without an answer by then the function would be killed, and nobody would know why."""
    aws.set(databases=["sales"], buckets=["snapshots"])
    aws.fault("S3.PUT", "hang", times=-1)
    sandbox = function(**GLUE, snapshot={"s3": "s3://snapshots/x"})
    began = time.monotonic()
    kind, _, told = sandbox.runtime.invoke(deadline_s=6)
    assert kind == "error", told
    assert time.monotonic() - began < 6
    aws.heal()
    kind, _, told = sandbox.runtime.invoke()
    assert (kind, told["result"]) == ("response", "ok"), told


@pytest.mark.parametrize("config", ["refres: {}\n", "sources: [\n", "log: {}\n"])
def test_a_start_that_fails_is_reported(function, lab, config):
    sandbox = function(config)
    kind_of = sandbox.runtime.told.get(timeout=20 * SLOW)
    assert kind_of[:2] == (None, "error")
    assert kind_of[2]["Lambda-Runtime-Function-Error-Type"] == "Configuration.Invalid"
    assert sandbox.process.wait(20 * SLOW) == 1
    assert "problem" in sandbox.log()


def test_the_zip_brings_all_it_needs(function, lab, aws):
    need(shutil.which("zip") and not WRAP, "zip is missing, or the program is run by another")
    aws.set(databases=["sales"])
    config = lab.write_config(lab.config(http=None, **GLUE), "function.yaml")
    subprocess.run([os.path.join(SOURCE, "docker/lambda/package.sh"), BUILD, config], check=True,
                   stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(BUILD + "/eidcached-lambda.zip") as packed:
        packed.extractall(lab.path + "/task")
        for entry in packed.infolist():
            os.chmod(f"{lab.path}/task/{entry.filename}", entry.external_attr >> 16)
    sandbox = function(program=lab.path + "/task/bootstrap", root=lab.path + "/task")
    kind, _, summary = sandbox.runtime.invoke()
    assert (kind, summary["names"]) == ("response", 1), summary
    with open(f"/proc/{sandbox.process.pid}/maps", encoding="ascii") as file:
        mapped = set(re.findall(r"(/\S+)$", file.read(), re.M))
    assert mapped and all(path.startswith(lab.path + "/task/") for path in mapped), mapped
