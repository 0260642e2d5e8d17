"""Snapshots on a real S3 server that verifies signatures and compares If-Match its own way."""
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import s3_checks
from harness import AWS_ENV, SECRET
from s3_checks import BUCKET, URL, current, names, s3_store


class Bucket:
    """Made through botocore, and seen through it."""

    def __init__(self, url):
        self.s3 = botocore.session.get_session().create_client(
            "s3", "eu-west-1", endpoint_url=url, aws_access_key_id=AWS_ENV["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=SECRET, config=Config(s3={"addressing_style": "path"}))
        self.s3.create_bucket(Bucket=BUCKET)
        for key in self.keys():
            self.s3.delete_object(Bucket=BUCKET, Key=key)

    def keys(self):
        listed = self.s3.list_objects_v2(Bucket=BUCKET)
        return [item["Key"] for item in listed.get("Contents", [])]

    def get(self, key):
        try:
            return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None


@pytest.fixture
def bucket(radosgw_process):
    return Bucket(radosgw_process.url)


@pytest.fixture
def settings(radosgw_process):
    return {"snapshot": {"s3": URL, "json": True},
            "aws": {"region": "eu-west-1", "endpoint_url": radosgw_process.url}}


def test_layout(lab, bucket, settings):
    s3_checks.check_layout(lab, bucket, settings)


def test_if_match_without_quotes(lab, bucket, settings):
    lab.names(names(20))
    daemon = lab.start(**settings)
    for count in (21, 22, 23):
        lab.names(names(count))
        status = daemon.refresh()
        assert s3_store(status)["error"] is None
        assert current(bucket)["names"] == count


def test_nothing_changed_moves_only_the_times(lab, bucket, settings):
    s3_checks.check_unchanged_moves_only_the_times(lab, bucket, settings)


def test_retention(lab, bucket, settings):
    s3_checks.check_retention(lab, bucket, settings)


def test_warm_start_of_another_machine(lab, bucket, settings):
    s3_checks.check_warm_start(lab, bucket, settings)


def test_two_writers_never_go_backwards(lab, bucket, settings):
    s3_checks.check_two_writers(lab, bucket, settings)


def test_listing_from_glue_and_saving_to_radosgw(lab, aws, bucket, radosgw_process):
    aws.set(databases=250)
    daemon = lab.start(
        snapshot={"s3": URL}, aws={"endpoint_url": None},
        env={"AWS_ENDPOINT_URL_GLUE": aws.url, "AWS_ENDPOINT_URL_S3": radosgw_process.url},
        sources={"prod": {"type": "aws", "list": "glue.databases"}})
    assert s3_store(daemon.wait_rounds(1))["error"] is None
    assert current(bucket)["names"] == 250


def test_wrong_secret(lab, bucket, settings):
    lab.names(names(20))
    daemon = lab.start(env={"AWS_SECRET_ACCESS_KEY": SECRET[::-1]}, **settings)
    # radosgw tries its STS keys after its users and says only this
    assert "AccessDenied" in s3_store(daemon.wait_rounds(1))["error"]
