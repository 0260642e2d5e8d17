"""Snapshots on S3, against the stand-in: the layout, and every answer that S3 may give."""
import hashlib
import json
import os
import re
import time

import pytest

import s3_checks
from harness import SECRET, SLOW, eid, poll
from s3_checks import BUCKET, PREFIX, URL, assert_serves, current, images, names, s3_store


class Bucket:
    """The stand-in's objects, past S3's rules."""

    def __init__(self, aws):
        self.aws = aws

    def keys(self):
        return list(self.aws.objects(BUCKET))

    def get(self, key):
        return self.aws.object(BUCKET, key)

    def put(self, key, data):
        self.aws.put(BUCKET, key, data)


@pytest.fixture
def bucket(aws):
    aws.set(buckets=[BUCKET])
    return Bucket(aws)


SETTINGS = {"snapshot": {"s3": URL, "json": True}}
FAST = {"snapshot": {"s3": URL}, "aws": {"timeout": "1s"}}


def test_layout(lab, aws, bucket):
    s3_checks.check_layout(lab, bucket, SETTINGS)
    puts = aws.log("S3.PUT")
    assert all("x-amz-checksum-sha256" in put["headers"] for put in puts)
    by_kind = {put["key"].split("/")[2]: put["headers"] for put in puts}
    assert by_kind["images"]["if-none-match"] == "*"
    assert by_kind["CURRENT"]["if-none-match"] == "*"  # the first one
    assert [r for r in aws.seen()["refused"] if "NoSuchKey" not in r] == []


def test_nothing_changed_moves_only_the_times(lab, aws, bucket):
    s3_checks.check_unchanged_moves_only_the_times(lab, bucket, SETTINGS)
    touched = [p for p in aws.log("S3.PUT") if p["key"].endswith("CURRENT")][-1]
    assert touched["headers"]["if-match"].startswith('"')


def test_retention(lab, bucket):
    s3_checks.check_retention(lab, bucket, SETTINGS)


def test_warm_start_with_no_list_call(lab, aws, bucket):
    aws.set(databases=250)
    settings = dict(SETTINGS, sources={"prod": {"type": "aws", "list": "glue.databases"}})
    lab.start(**settings).settle().stop()
    lab.snapshots += "-of-another-machine"
    aws.set(clear=True)
    aws.fault("GetDatabases", "hang", times=-1)
    daemon = lab.start(**settings)
    assert_serves(daemon, [f"db_{n:05d}" for n in range(250)])
    assert aws.log("GetDatabases") == [] or daemon.history() == []


def test_warm_start_of_another_machine(lab, bucket):
    s3_checks.check_warm_start(lab, bucket, SETTINGS)


def test_two_writers_never_go_backwards(lab, bucket):
    s3_checks.check_two_writers(lab, bucket, SETTINGS)


@pytest.mark.parametrize("key", ["CURRENT", ".eidc.zst"])
@pytest.mark.parametrize("do", ["conflict", "throttle", "500", "reset", "lostreply", "html502"])
def test_a_passing_fault_of_a_put(lab, aws, bucket, key, do):
    aws.fault("S3.PUT", do, key=key)
    lab.names(names(20))
    daemon = lab.start(**FAST)
    status = daemon.wait_rounds(1)
    assert s3_store(status)["error"] is None
    assert s3_store(status)["last_saved_at"]
    assert current(bucket)["number"] == status["generation"]["number"]
    assert len(images(bucket)) == 1
    assert len(daemon.history()) == 1
    aws.fault("S3.PUT", do, key=key)  # and with something there already
    lab.names(names(21))
    status = daemon.refresh()
    assert s3_store(status)["error"] is None
    assert current(bucket)["names"] == 21


def test_a_412_from_another_writer_is_re_read_and_passed(lab, bucket):
    lab.names(names(20))
    daemon = lab.start(**FAST)
    daemon.wait_rounds(1)
    theirs = dict(current(bucket), number=41, id="0123456789abcdef",
                  key="images/00000000000000000041-0123456789abcdef.eidc.zst")
    bucket.put(f"{PREFIX}/CURRENT", json.dumps(theirs).encode())
    lab.names(names(21))
    daemon.refresh()
    poll("a generation beyond theirs", lambda: current(bucket)["number"] > 41)
    assert current(bucket)["names"] == 21
    assert daemon.status_document()["generation"]["number"] == current(bucket)["number"]


def test_s3_that_is_down_is_told_of_and_caught_up_with(lab, aws, bucket):
    aws.set(faults=[{"op": f"S3.{m}", "do": "accessdenied", "times": -1}
                    for m in ("PUT", "GET", "LIST")])
    lab.names(names(20))
    daemon = lab.start(**FAST)
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "ok"
    assert "AccessDenied" in s3_store(status)["error"]
    assert_serves(daemon, names(20))
    saves = {k: v for k, v in daemon.metrics().items() if "snapshot_saves_total" in k}
    assert any("s3:" in k and v >= 1 and "ok" not in k for k, v in saves.items()), saves
    aws.heal()
    status = daemon.refresh()
    assert s3_store(status)["error"] is None
    assert current(bucket)["names"] == 20
    assert len(images(bucket)) == 1


PATIENT = {"snapshot": {"s3": URL}, "aws": {"timeout": "1m"}, "refresh": {"timeout": "4s"}}


@pytest.mark.parametrize("key", [".eidc.zst", "CURRENT"])
def test_a_save_that_stalls_ends_with_the_refresh_and_is_tried_again(lab, aws, bucket, key):
    aws.fault("S3.PUT", "hang", key=key, times=-1)
    lab.names(names(20))
    daemon = lab.start(**PATIENT)
    status = daemon.wait_rounds(1)
    last = status["refresh"]["history"][0]
    assert last["result"] == "ok"
    assert 3 < last["duration_seconds"] < 4.5 * SLOW
    assert "PutObject: cut off by refresh.timeout" in s3_store(status)["error"]
    assert s3_store(status)["error"] in last["error"]
    assert_serves(daemon, names(20))
    aws.heal()
    status = daemon.refresh()
    assert s3_store(status)["error"] is None
    assert current(bucket)["number"] == status["generation"]["number"]
    assert current(bucket)["names"] == 20


@pytest.mark.parametrize("key, do", [("CURRENT", "hang"), (".eidc.zst", "hang"),
                                     (".eidc.zst", "slow")])
def test_a_store_that_stalls_when_asked_leaves_time_to_list(lab, aws, bucket, key, do):
    lab.names(names(2000))
    lab.start(**FAST).settle().stop()
    before = current(bucket)
    lab.snapshots += "-of-another-machine"
    aws.fault("S3.GET", do, key=key, times=-1)
    began = time.monotonic()
    done = lab.once(**PATIENT)
    assert time.monotonic() - began < 5 * SLOW
    assert done.returncode == 1  # it could not be saved
    assert "GetObject: cut off by refresh.timeout" in done.stderr
    assert "result ok" in done.stdout and "names 2000" in done.stdout
    assert float(re.search("seconds (.*)", done.stdout)[1]) > 1.4  # half of three quarters of 4
    assert current(bucket) == before  # what could not be read is not written over
    aws.heal()
    assert lab.once(**PATIENT).returncode == 0
    assert current(bucket) != before  # its times have moved


@pytest.mark.parametrize("do", ["truncate", "reset", "500", "throttle"])
@pytest.mark.parametrize("key", ["CURRENT", ".eidc.zst"])
def test_a_passing_fault_of_a_get_at_warm_start(lab, aws, bucket, do, key):
    lab.names(names(20))
    lab.start(**FAST).settle().stop()
    os.unlink(lab.names_path)
    lab.snapshots += "-of-another-machine"
    aws.fault("S3.GET", do, key=key)
    assert_serves(lab.start(**FAST), names(20))


@pytest.mark.parametrize("status", [301, 302, 307, 400])
def test_a_bucket_in_another_region_is_followed_once_and_remembered(lab, aws, bucket, status):
    aws.set(s3_bucket_regions={BUCKET: "ap-south-1"}, s3_wrong_region=status)
    lab.names(names(20))
    daemon = lab.start(**FAST)
    assert s3_store(daemon.wait_rounds(1))["error"] is None
    assert current(bucket)["names"] == 20
    assert f"s3://{BUCKET} is in region ap-south-1, not eu-west-1" in daemon.log()
    aws.set(clear=True)
    lab.names(names(21))
    assert s3_store(daemon.refresh())["error"] is None
    assert current(bucket)["names"] == 21
    assert aws.seen()["refused"] == []
    assert all("/ap-south-1/s3/" in put["headers"]["authorization"] for put in aws.log("S3.PUT"))


def test_a_bucket_of_another_partition_is_named_and_not_asked_for(lab, aws, bucket):
    aws.set(s3_bucket_regions={BUCKET: "cn-north-1"})
    lab.names(names(20))
    daemon = lab.start(**FAST)
    error = s3_store(daemon.wait_rounds(1))["error"]
    assert "the bucket is in region cn-north-1, not eu-west-1" in error
    assert all("/eu-west-1/s3/" in put["headers"]["authorization"] for put in aws.log("S3.PUT"))


def test_requests_say_who_asks(lab, aws, bucket):
    lab.names(names(3))
    lab.start(**FAST, env={"AWS_SDK_UA_APP_ID": "names of prod"}).wait_rounds(1)
    agents = {put["headers"]["user-agent"] for put in aws.log("S3.PUT")}
    assert len(agents) == 1
    assert re.fullmatch(r"eidcached/[0-9.]+ os/linux md/arch#\S+ app/names-of-prod", agents.pop())


def two_generations(lab):
    lab.names(names(20))
    daemon = lab.start(**FAST)
    lab.names(names(21))
    daemon.refresh()
    daemon.stop()
    os.unlink(lab.names_path)
    lab.snapshots += "-of-another-machine"


@pytest.mark.parametrize("how", ["truncated", "flipped", "foreign", "deleted"])
def test_a_damaged_object_falls_back_to_the_one_before(lab, aws, bucket, how):
    two_generations(lab)
    newest = images(bucket)[-1]
    data = bucket.get(newest)
    middle = len(data) // 2
    if how == "deleted":
        aws.client.request("DELETE", f"/_ctl/s3/{BUCKET}/{newest}")
    else:
        bucket.put(newest, {"truncated": data[:middle], "foreign": b"something else",
                            "flipped": data[:middle] + bytes([data[middle] ^ 1])
                            + data[middle + 1:]}[how])
    daemon = lab.start(**FAST)
    assert_serves(daemon, names(20))
    assert os.path.basename(newest) in daemon.log()


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b'{"number":"x"}', b"\xff\xfe",
                                      b'{"number":2,"key":"../../etc/passwd"}'])
def test_a_damaged_pointer_costs_no_image(lab, bucket, document):
    two_generations(lab)
    bucket.put(f"{PREFIX}/CURRENT", document)
    daemon = lab.start(**FAST)
    assert_serves(daemon, names(21))
    lab.names(names(22))
    status = daemon.refresh()
    assert s3_store(status)["error"] is None, s3_store(status)
    assert current(bucket)["names"] == 22  # the store is whole again


def test_a_damaged_pointer_is_no_way_backwards(lab, bucket):
    two_generations(lab)
    newest = images(bucket)[-1]
    theirs = newest.replace("00000000000000000002-", "00000000000000000041-")
    bucket.put(theirs, bucket.get(newest))
    bucket.put(f"{PREFIX}/CURRENT", b"{")
    lab.names(names(22))
    daemon = lab.start(**FAST)
    poll("a generation beyond the newest", lambda: (current_or_none(bucket) or {}).get("number", 0)
         > 41)
    assert current(bucket)["names"] == 22
    assert daemon.status_document()["generation"]["number"] == current(bucket)["number"]


def current_or_none(bucket):
    try:
        return current(bucket)
    except ValueError:
        return None


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_an_image_that_is_gone_is_sent_again(lab, aws, bucket, how):
    lab.names(names(20))
    lab.start(**FAST).settle().stop()
    [image] = images(bucket)
    whole = bucket.get(image)
    if how == "deleted":
        aws.client.request("DELETE", f"/_ctl/s3/{BUCKET}/{image}")
    else:
        bucket.put(image, whole[:100])
    daemon = lab.start(**FAST)  # from its directory, and nothing has changed
    daemon.refresh()
    assert s3_store(daemon.status_document())["error"] is None
    assert images(bucket) == [image]
    assert hashlib.sha256(bucket.get(image)).hexdigest() == current(bucket)["sha256"]
    assert len(aws.log("S3.HEAD")) == 1
    daemon.refresh()
    assert len(aws.log("S3.HEAD")) == 1  # not every time


def test_image_and_documents_go_out_side_by_side(lab, aws, bucket):
    lab.names(names(20))
    daemon = lab.start(**SETTINGS)
    daemon.wait_rounds(1)
    aws.set(latency_ms=200, clear=True)
    lab.names(names(21))
    daemon.refresh()
    at = {put["key"].split("/")[2]: put["t"] for put in aws.log("S3.PUT")}
    first = min(at.values())
    assert set(at) == {"images", "eid_cache.json", "summary.json", "CURRENT"}
    assert max(t for key, t in at.items() if key != "CURRENT") - first < 0.15
    assert 0.15 < at["CURRENT"] - first < 0.35


def test_a_server_that_compares_if_match_without_quotes(lab, aws, bucket):
    aws.set(s3_unquoted_if_match=True)
    lab.names(names(20))
    daemon = lab.start(**FAST)
    for count in (21, 22):
        lab.names(names(count))
        status = daemon.refresh()
        assert s3_store(status)["error"] is None
        assert current(bucket)["names"] == count
    assert current(bucket)["number"] == status["generation"]["number"]


def test_no_such_bucket_is_said(lab, aws):
    lab.names(names(20))
    status = lab.start(**FAST).wait_rounds(1)
    assert "NoSuchBucket" in s3_store(status)["error"]


def test_wrong_secret_is_said_without_telling_it(lab, bucket):
    lab.names(names(20))
    daemon = lab.start(env={"AWS_SECRET_ACCESS_KEY": SECRET[::-1]}, **FAST)
    assert "SignatureDoesNotMatch" in s3_store(daemon.wait_rounds(1))["error"]
    assert SECRET[::-1] not in daemon.log()


def test_expected_owner_and_kms_key_are_sent(lab, aws, bucket):
    key = "arn:aws:kms:eu-west-1:123456789012:key/k"
    lab.names(names(20))
    sent = {"s3": URL, "expected_owner": "123456789012", "kms_key": key}
    daemon = lab.start(snapshot=sent)
    assert s3_store(daemon.wait_rounds(1))["error"] is None
    for put in aws.log("S3.PUT"):
        assert put["headers"]["x-amz-expected-bucket-owner"] == "123456789012"
        assert put["headers"]["x-amz-server-side-encryption"] == "aws:kms"
        assert put["headers"]["x-amz-server-side-encryption-aws-kms-key-id"] == key
    daemon = lab.start(snapshot=dict(sent, expected_owner="999999999999"))
    assert "AccessDenied" in s3_store(daemon.wait_rounds(1))["error"]


def test_checksum_none_sends_none(lab, aws, bucket):
    lab.names(names(20))
    daemon = lab.start(snapshot={"s3": URL, "checksum": "none"})
    assert s3_store(daemon.wait_rounds(1))["error"] is None
    assert all("x-amz-checksum-sha256" not in put["headers"] for put in aws.log("S3.PUT"))


def test_uncompressed_images_on_s3(lab, bucket):
    lab.names(names(20))
    lab.start(snapshot={"s3": URL, "compress": False}).settle().stop()
    assert [k for k in images(bucket) if k.endswith(".eidc")]
    os.unlink(lab.names_path)
    lab.snapshots += "-of-another-machine"
    assert_serves(lab.start(snapshot={"s3": URL, "compress": False}), names(20))


def test_a_newer_snapshot_on_s3_than_in_the_directory_wins(lab, bucket):
    lab.names(names(20))
    lab.start(**FAST).settle().stop()
    mine = lab.snapshots
    lab.snapshots += "-of-another-machine"
    lab.names(names(25))
    other = lab.start(**FAST)
    poll("their listing", lambda: other.forward("name_0024").status == 200)
    poll("their save", lambda: current(bucket)["names"] == 25)
    other.stop()
    os.unlink(lab.names_path)
    lab.snapshots = mine
    daemon = lab.start(**FAST)
    poll("their names", lambda: daemon.forward("name_0024").status == 200)
    time.sleep(0.3)
    assert daemon.forward("name_0024").json["eid"] == eid("name_0024")
