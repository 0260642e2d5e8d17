"""The stand-in attacked with a botocore client: what must be refused is, what must work does."""
import json
import socket
import time
import urllib.error
import urllib.request

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher
from botocore.validate import ParamValidator

from awsstub import glue, server
from awsstub.state import LONG_TERM

KEY = "AKIDEXAMPLE"
ERRORS = {  # fault: what botocore's client makes of it
    "throttle": "ThrottlingException", "500": "InternalServiceException",
    "503": "ServiceUnavailableException", "html502": "502", "reset": "ConnectionClosedError",
    "expired": "ExpiredTokenException", "accessdenied": "AccessDeniedException",
    "hang": "ReadTimeoutError", "loop": "PaginationError",
}
DAMAGE = {  # fault: what a plain HTTP client makes of it
    "truncate": "IncompleteRead", "malformed": "JSONDecodeError", "badlength": "JSONDecodeError",
    "notjson": "UnicodeDecodeError", "lostreply": "RemoteDisconnected",
}


class Run:
    def __init__(self):
        self.passed = self.failed = 0
        started = server.start()
        self.url = f"http://127.0.0.1:{started.server_address[1]}"

    def check(self, what, good, more=""):
        self.passed += bool(good)
        self.failed += not good
        print("ok  " if good else "FAIL", what, more, flush=True)

    def ctl(self, **order):
        urllib.request.urlopen(self.url + "/_ctl", data=json.dumps(order).encode()).read()

    def state(self):
        return json.loads(urllib.request.urlopen(self.url + "/_ctl").read())

    def client(self, service, key=KEY, secret=LONG_TERM[KEY], token=None, region="eu-west-1"):
        return botocore.session.get_session().create_client(
            service, region, endpoint_url=self.url, aws_access_key_id=key,
            aws_secret_access_key=secret, aws_session_token=token,
            config=Config(retries={"max_attempts": 0}, read_timeout=2,
                          s3={"addressing_style": "path"}))

    def raw(self, operation, arguments):
        """One signed call without botocore's own checks and parsing: (status, document)."""
        body = json.dumps(arguments).encode()
        headers = {"Content-Type": glue.TYPE, "X-Amz-Target": glue.TARGET + operation}
        signed = AWSRequest("POST", self.url + "/", headers, body)
        SigV4Auth(Credentials(KEY, LONG_TERM[KEY]), "glue", "eu-west-1").add_auth(signed)
        request = urllib.request.Request(self.url + "/", body, dict(signed.headers.items()))
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


def error_of(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    except (BotoCoreError, OSError, ValueError) as error:
        return type(error).__name__
    return "no error"


def pages(client):
    return list(client.get_paginator("get_databases").paginate())


def _listings(run, client):
    for size in (100, 7):
        run.ctl(databases=250, tables={"db_00000": 130}, page_size=size)
        got = pages(client)
        run.check(f"paginator, page size {size}",
                  sum(len(page["DatabaseList"]) for page in got) == 250, f"{len(got)} pages")
    run.ctl(page_size=100)
    run.check("names only", set(run.raw("GetDatabases", {"AttributesToGet": ["NAME"]})[1]
                                ["DatabaseList"][0]) == {"Name", "CatalogId"})
    for operation, arguments in (("GetDatabases", {}), ("GetTables", {"DatabaseName": "db_00000"})):
        shape = glue.model().operation_model(operation).output_shape
        status, page = run.raw(operation, arguments)
        run.check(f"{operation} answers as its model says",
                  status == 200 and not ParamValidator().validate(page, shape).has_errors())


def _refusals(run, client):
    run.check("wrong secret", error_of(run.client("glue", secret="x").get_databases)
              == "InvalidSignatureException")
    run.check("unknown key", error_of(run.client("glue", key="AKIAX").get_databases)
              == "UnrecognizedClientException")
    run.check("unknown database", error_of(lambda: client.get_tables(DatabaseName="nope"))
              == "EntityNotFoundException")
    for what, arguments in (("a token not ours", {"NextToken": "x"}),
                            ("an unknown member", {"C": 1}),
                            ("MaxResults 101", {"MaxResults": 101}),
                            ("an unknown attribute", {"AttributesToGet": ["COLOUR"]}),
                            ("a wrong type", {"MaxResults": "3"})):
        run.check("refuses " + what, run.raw("GetDatabases", arguments)[0] == 400)
    run.ctl(reject_attributes=True)
    run.check("a Glue without AttributesToGet",
              run.raw("GetDatabases", {"AttributesToGet": ["NAME"]})[0] == 400)
    run.ctl(reject_attributes=False, gone=["db_00001"])
    run.check("a database gone meanwhile", error_of(
        lambda: client.get_tables(DatabaseName="db_00001")) == "EntityNotFoundException")
    run.ctl(clock_offset_s=900)
    run.check("skew", error_of(client.get_databases) == "InvalidSignatureException")
    run.ctl(clock_offset_s=0)


def _faults(run, client):
    for do, want in ERRORS.items():
        run.ctl(faults=[{"op": "GetDatabases", "page": 2, "do": do}])
        got = error_of(lambda: pages(client))
        run.check(f"fault {do}", got == want, got)
    for do, want in DAMAGE.items():
        run.ctl(faults=[{"op": "GetDatabases", "page": 1, "do": do}])
        try:
            run.raw("GetDatabases", {})
            got = "no error"
        except Exception as error:  # any of http.client's, json's and codecs'
            got = type(error).__name__
        run.check(f"fault {do} on the wire", got == want, got)
    run.ctl(faults=[{"op": "GetDatabases", "page": 1, "do": "throttle", "times": -1}])
    run.check("a fault without end", all(error_of(client.get_databases) == "ThrottlingException"
                                         for _ in range(3)))
    run.ctl(faults=[])


def _s3(run):
    s3 = run.client("s3")
    s3.create_bucket(Bucket="b")
    odd = "a b/ü+%&=?#"
    s3.put_object(Bucket="b", Key=odd, Body=b"one")
    run.check("an odd key comes back", s3.get_object(Bucket="b", Key=odd)["Body"].read() == b"one")
    etag = s3.head_object(Bucket="b", Key=odd)["ETag"]
    run.check("304", error_of(
        lambda: s3.get_object(Bucket="b", Key=odd, IfNoneMatch=etag)) == "304")
    run.check("NoSuchKey", error_of(lambda: s3.get_object(Bucket="b", Key="no")) == "NoSuchKey")
    run.check("NoSuchBucket", error_of(
        lambda: s3.get_object(Bucket="no", Key="k")) == "NoSuchBucket")
    run.check("another owner", error_of(lambda: s3.get_object(
        Bucket="b", Key=odd, ExpectedBucketOwner="999999999999")) == "AccessDenied")
    run.check("a checksum that is wrong", error_of(lambda: s3.put_object(
        Bucket="b", Key="k", Body=b"x", ChecksumSHA256="A" * 43 + "=")) == "BadDigest")
    for number in range(5):
        s3.put_object(Bucket="b", Key=f"p/{number}", Body=b"")
    got = s3.get_paginator("list_objects_v2").paginate(Bucket="b", Prefix="p/",
                                                       PaginationConfig={"PageSize": 2})
    run.check("list in pages", [k["Key"] for page in got for k in page["Contents"]]
              == [f"p/{n}" for n in range(5)])
    _s3_conditions(run, s3)


def _s3_conditions(run, s3):
    def put_with(**headers):
        def add(request, **_):
            for name, value in headers.items():
                request.headers[name.replace("_", "-")] = value
        s3.meta.events.register("before-sign.s3.PutObject", add, unique_id="condition")
        got = error_of(lambda: s3.put_object(Bucket="b", Key="cas", Body=b"v"))
        s3.meta.events.unregister("before-sign.s3.PutObject", unique_id="condition")
        return got
    run.check("If-None-Match on nothing", put_with(If_None_Match="*") == "no error")
    run.check("If-None-Match on something", put_with(If_None_Match="*") == "PreconditionFailed")
    etag = s3.head_object(Bucket="b", Key="cas")["ETag"]
    run.check("If-Match that holds", put_with(If_Match=etag) == "no error")
    run.check("If-Match that does not", put_with(If_Match='"x"') == "PreconditionFailed")
    run.ctl(s3_unquoted_if_match=True)
    run.check("If-Match as radosgw", put_with(If_Match=etag) == "PreconditionFailed"
              and put_with(If_Match=etag.strip('"')) == "no error")
    run.ctl(s3_unquoted_if_match=False)
    for do, want in (("conflict", "ConditionalRequestConflict"), ("throttle", "SlowDown")):
        run.ctl(faults=[{"op": "S3.PUT", "key": "cas", "do": do}])
        run.check(f"S3 fault {do}", put_with() == want)


def _credentials(run):
    run.ctl(creds_ttl=1)
    role = run.client("sts").assume_role(RoleArn="arn:aws:iam::1:role/role-x",
                                         RoleSessionName="session")["Credentials"]
    keys = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
    run.check("temporary credentials", len(run.client("glue", *keys).get_databases()
                                           ["DatabaseList"]) == 100)
    run.check("without their token", error_of(run.client("glue", *keys[:2]).get_databases)
              == "UnrecognizedClientException")
    time.sleep(1.2)
    run.check("expired", error_of(run.client("glue", *keys).get_databases)
              == "ExpiredTokenException")
    run.ctl(creds_ttl=3600)
    imds = InstanceMetadataFetcher(base_url=run.url + "/").retrieve_iam_role_credentials()
    run.check("IMDSv2", run.client("glue", imds["access_key"], imds["secret_key"], imds["token"])
              .get_databases()["DatabaseList"])
    run.check("IMDSv1 refused", error_of(lambda: urllib.request.urlopen(
        run.url + "/latest/meta-data/iam/security-credentials/")) == "HTTPError")
    task = ContainerMetadataFetcher().retrieve_full_uri(run.url + "/ecs/creds")
    run.check("container", run.client("glue", task["AccessKeyId"], task["SecretAccessKey"],
                                      task["Token"]).get_databases()["DatabaseList"])


def _roles(run):
    sts = run.client("sts")
    arn = "arn:aws:iam::222222222222:role/lister"
    run.ctl(roles={arn: "of-ours"}, region="", own_catalogs=True,
            denied=[{"account": "222222222222", "region": "us-east-1"}])

    def assume(**more):
        return sts.assume_role(**dict({"RoleArn": arn, "RoleSessionName": "me@host",
                                       "ExternalId": "of-ours"}, **more))
    role = assume()["Credentials"]
    keys = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
    who = run.client("sts", *keys).get_caller_identity()
    run.check("who the role is", (who["Account"], who["Arn"]) == (
        "222222222222", "arn:aws:sts::222222222222:assumed-role/lister/me@host"))
    run.check("who the user is", sts.get_caller_identity()["Account"] == "123456789012")
    for what, more in (("another external id", {"ExternalId": "of-theirs"}),
                       ("another role", {"RoleArn": arn + "x"})):
        run.check(what, error_of(lambda more=more: assume(**more)) == "AccessDenied")
    for what, more in (("a session name", {"RoleSessionName": "a b"}),
                       ("a duration", {"DurationSeconds": 43201}),
                       ("an ARN", {"RoleArn": "arn:aws:iam::222222222222:user/x"})):
        run.check(f"{what} that is none", error_of(lambda more=more: assume(**more))
                  == "ValidationError")
    names = run.client("glue", *keys).get_databases()["DatabaseList"]
    run.check("a catalog of its own", names[0]["Name"].startswith("222222222222_eu-west-1_"))
    denied = run.client("glue", *keys, region="us-east-1")
    run.check("denied in one region", error_of(denied.get_databases) == "AccessDeniedException")
    run.ctl(faults=[{"op": "STS.AssumeRole", "do": "throttle"}])
    run.check("throttled", error_of(assume) == "Throttling")
    run.ctl(web_token="good-token")
    web = {"RoleArn": arn, "RoleSessionName": "pod", "WebIdentityToken": "good-token"}
    run.ctl(roles={arn: None})
    run.check("web identity", sts.assume_role_with_web_identity(**web)["Credentials"])
    run.check("another token", error_of(lambda: sts.assume_role_with_web_identity(
        **dict(web, WebIdentityToken="bad-token"))) == "InvalidIdentityToken")
    run.check("wrong secret", error_of(run.client("sts", secret="x" * 40).get_caller_identity)
              == "SignatureDoesNotMatch")
    run.ctl(roles={}, region="eu-west-1", denied=[], own_catalogs=False, web_token=None)


def _speed(run, client):
    run.ctl(latency_ms=200)
    began = time.monotonic()
    client.get_databases()
    run.check("latency", 0.2 <= time.monotonic() - began < 0.8)
    run.ctl(latency_ms=0, databases=10000, clear=True)
    began = time.monotonic()
    body = json.dumps({"AttributesToGet": ["NAME"]}).encode()
    headers = {"Content-Type": glue.TYPE, "X-Amz-Target": glue.TARGET + "GetDatabases"}
    signed = AWSRequest("POST", run.url + "/", headers, body)
    SigV4Auth(Credentials(KEY, LONG_TERM[KEY]), "glue", "eu-west-1").add_auth(signed)
    _hammer(run.url, body, dict(signed.headers.items()), 1000)
    rate = 1000 / (time.monotonic() - began)
    run.check("500 pages a second on one connection", rate >= 500, f"{rate:.0f}")
    run.check("they are counted", run.state()["calls"] == {"GetDatabases": 1000})


def _hammer(url, body, headers, times):
    """Sends the same signed request many times; a raw socket, so that it costs the server's half
    of the processor as little as it can."""
    host, _, port = url[len("http://"):].partition(":")
    head = f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with socket.create_connection((host, int(port))) as connection:
        stream = connection.makefile("rb")
        for _ in range(times):
            connection.sendall(head.encode() + body)
            assert b" 200 " in stream.readline()
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            stream.read(length)


def run():
    """Everything; returns how many failed."""
    attack = Run()
    client = attack.client("glue")
    _listings(attack, client)
    _refusals(attack, client)
    _faults(attack, client)
    _credentials(attack)
    _roles(attack)
    _s3(attack)
    _speed(attack, client)
    print(f"{attack.passed} passed, {attack.failed} failed")
    return attack.failed
