"""What a start without a local snapshot must not do: replace on S3 what it could not read there."""
import json
import os

import pytest

from s3_checks import BUCKET, URL, assert_serves, current, images, names, s3_store
from test_s3_store import Bucket


@pytest.fixture
def bucket(aws):
    aws.set(buckets=[BUCKET])
    return Bucket(aws)


def sources(lab):
    """Two files: many names and a few."""
    paths = {}
    for name, count in (("many", 300), ("few", 20)):
        paths[name] = os.path.join(os.path.dirname(lab.names_path), name)
        with open(paths[name], "w", encoding="utf-8") as file:
            file.writelines(f"{name}_{n}\n" for n in range(count))
    return paths, {name: {"type": "file", "path": path} for name, path in paths.items()}


@pytest.mark.parametrize("do", ["500", "accessdenied", "reset"])
def test_a_partial_refresh_does_not_replace_what_could_not_be_read(lab, aws, bucket, do):
    paths, both = sources(lab)
    settings = {"sources": both, "snapshot": {"dir": None, "s3": URL}, "aws": {"timeout": "1s"}}
    assert lab.once(**settings).returncode == 0
    before = current(bucket)
    os.unlink(paths["many"])
    aws.set(faults=[{"op": "S3.GET", "do": do, "times": -1}])
    assert lab.once(**settings).returncode == 1
    assert current(bucket) == before
    aws.heal()
    done = lab.once(**settings)
    assert done.returncode == 3, done.stdout  # partial: nothing is lost
    assert current(bucket)["names"] == 320


def test_the_daemon_follows_on_what_it_reads_late(lab, aws, bucket):
    paths, both = sources(lab)
    settings = {"sources": both, "snapshot": {"dir": None, "s3": URL}, "aws": {"timeout": "1s"},
                "refresh": {"interval": "1h"}}
    assert lab.once(**settings).returncode == 0
    number = current(bucket)["number"]
    os.unlink(paths["many"])
    aws.set(faults=[{"op": "S3.GET", "do": "500", "times": -1}])
    daemon = lab.start(**settings)
    status = daemon.wait_rounds(1)
    assert "could not be read" in s3_store(status)["error"]
    assert_serves(daemon, [f"few_{n}" for n in range(20)])  # better than nothing
    aws.heal()
    status = daemon.refresh()
    assert s3_store(status)["error"] is None
    assert status["generation"]["names"] == 320
    assert current(bucket)["names"] == 320
    assert current(bucket)["number"] > number


def test_what_is_read_late_is_served_where_nothing_is(lab, aws, bucket):
    paths, both = sources(lab)
    settings = {"sources": both, "snapshot": {"dir": None, "s3": URL}, "aws": {"timeout": "1s"},
                "refresh": {"interval": "1h", "retry_min": "1h", "retry_max": "1h"}}
    assert lab.once(**settings).returncode == 0
    for path in paths.values():
        os.unlink(path)
    aws.set(faults=[{"op": "S3.GET", "do": "500", "times": -1}])
    daemon = lab.start(wait="listening", **settings)
    assert daemon.wait_rounds(1)["refresh"]["last_result"] == "failed"
    aws.heal()
    daemon.refresh()
    assert_serves(daemon, [f"few_{n}" for n in range(20)])
    assert daemon.last_result() == "failed"


def test_a_time_in_the_future_is_no_freshness(lab, aws, bucket):
    lab.names(names(20))
    settings = {"snapshot": {"dir": None, "s3": URL}, "refresh": {"max_stale": "1h"}}
    assert lab.once(**settings).returncode == 0
    key = [key for key in bucket.keys() if key.endswith("CURRENT")][0]
    document = json.loads(bucket.get(key))
    for field in ("refreshed_at", "verified_at"):
        document[field] = "2099-01-01T00:00:00Z"
    bucket.put(key, json.dumps(document).encode())
    os.unlink(lab.names_path)
    daemon = lab.start(wait="listening", **settings)
    generation = daemon.wait_rounds(1)["generation"]
    assert generation["verified_at"] < "2099"
    assert generation["refreshed_at"] < "2099"
    assert images(bucket)
