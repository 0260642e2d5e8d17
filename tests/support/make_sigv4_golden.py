#!/usr/bin/python3
"""Writes tests/unit/aws/sigv4_golden.json: requests with what Signature Version 4 makes of them.

    /usr/bin/python3 tests/support/make_sigv4_golden.py > tests/unit/aws/sigv4_golden.json
    /usr/bin/python3 tests/support/make_sigv4_golden.py --random 3000 1 > cases.json
    EIDC_SIGV4_CASES=cases.json build/tests/unit/aws/unit_aws_sigv4

The judge is AWS's own signer (Debian's python3-awscrt). It shows only the signature, so the
canonical request and the string to sign are computed here a second time, on their own, and count
only if they lead to the same signature. The output is the same on every run; --random N SEED
makes other requests instead.
"""
import datetime
import hashlib
import hmac
import json
import random
import sys
from urllib.parse import quote

import awscrt.auth
import awscrt.http

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = ("AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMic"
         "RXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd==")
EMPTY = hashlib.sha256(b"").hexdigest()
EPOCH_MS = 1440938160000  # 2015-08-30T12:36:00Z, of AWS's own examples
UNSIGNED = "UNSIGNED-PAYLOAD"

CASES = []


def case(name, method="GET", host="example.amazonaws.com", path="/", params=(), headers=(),
         payload_hash=EMPTY, region="us-east-1", service="service", s3=False, unix_ms=EPOCH_MS,
         session_token=None):
    CASES.append(dict(name=name, method=method, host=host, path=path,
                      params=[list(p) for p in params], headers=[list(h) for h in headers],
                      payload_hash=payload_hash, region=region, service=service, s3=s3,
                      unix_ms=unix_ms, access_key=ACCESS_KEY, secret_key=SECRET_KEY,
                      session_token=session_token))


def s3_case(name, payload_hash=EMPTY, headers=(), **more):
    case("s3 " + name, host="bucket.s3.eu-west-1.amazonaws.com", region="eu-west-1", service="s3",
         s3=True, payload_hash=payload_hash,
         headers=[("x-amz-content-sha256", payload_hash), *headers], **more)


def json_case(name, target, body, **more):
    case(name, method="POST", payload_hash=hashlib.sha256(body.encode()).hexdigest(),
         headers=[("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", target)], **more)


def describe():
    unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    reserved = "!\"#$%&'()*+,:;<=>?@[\\]^`{|}"
    # The plainest, and each method.
    case("get vanilla")
    for method in ("POST", "PUT", "DELETE", "HEAD", "PATCH"):
        case("method " + method, method=method)
    # Paths: encoded twice and normalised.
    for name, path in (
            ("unreserved", "/" + unreserved), ("reserved", "/" + reserved), ("space", "/a b/c  d"),
            ("unicode", "/\u1234/gr\u00fc\u00df e/\U0001f600"), ("percent", "/a%20b/%2F/%"),
            ("plus", "/a+b"), ("control", "/\t\x01\x7f"), ("trailing slash", "/a/b/"),
            ("double slash", "//a//b//"), ("dot", "/./a/./b/."), ("dot dot", "/a/b/../c"),
            ("dot dot at end", "/a/b/.."), ("dot dot slash at end", "/a/b/../"),
            ("dot dot above root", "/../../a"), ("only dots", "/./"), ("all gone", "/a/.."),
            ("dots in names", "/.a/..b/c./..."), ("long", "/" + "x" * 300)):
        case("path " + name, path=path)
    # Queries: encoded, then sorted.
    for name, params in (
            ("one", [("a", "b")]), ("no value", [("a", "")]),
            ("order of keys", [("b", "1"), ("a", "2"), ("c", "0")]),
            ("order of values", [("a", "z"), ("a", "b"), ("a", "B"), ("a", "")]),
            ("case of keys", [("a", "1"), ("A", "2"), ("b", "3"), ("B", "4")]),
            ("longer key", [("ab", "1"), ("a", "2"), ("a-b", "3"), ("a.b", "4")]),
            ("prefix keys with equals", [("a=", "1"), ("a", "2"), ("a-", "3")]),
            ("digits", [("k10", ""), ("k2", ""), ("k1", "")]),
            ("unreserved", [(unreserved, unreserved)]), ("reserved", [(reserved, "/" + reserved)]),
            ("space and plus", [("a b", "c d+e")]), ("percent", [("%41", "%2B%")]),
            ("slash", [("prefix", "a/b/c/")]),
            ("unicode", [("\u1234", "bar"), ("\u00e9", "\U0001f600"), ("z", "~")]),
            ("encoded order", [("\u00fc", "1"), ("~", "2"), ("Z", "3"), ("!", "4")]),
            ("same twice", [("a", "b"), ("a", "b")]), ("ampersand", [("a&b", "c&d"), ("a", "=")]),
            ("many", [("k%02d" % (i * 7 % 20), str(i)) for i in range(20)])):
        case("query " + name, params=params)
    # Headers: lower case, sorted, trimmed, folded, joined.
    for name, headers in (
            ("case", [("My-Header1", "value1")]),
            ("order", [("Zoo", "1"), ("Abc", "2"), ("mid", "3")]),
            ("trim", [("My-Header1", "  value1 "), ("My-Header2", " \"a   b   c\" ")]),
            ("inner runs", [("My-Header1", "a    b  c d")]),
            ("repeated", [("My-Header1", "value2"), ("My-Header1", "value1")]),
            ("repeated in other case", [("My-Header1", "b"), ("Other", "x"), ("my-header1", "a")]),
            ("repeated and trimmed", [("X-A", " one  two "), ("X-A", "three")]),
            ("empty", [("My-Header1", "")]), ("only blanks", [("My-Header1", "   ")]),
            ("utf-8", [("My-Header1", "gr\u00fc\u00df")]),
            ("name prefix", [("X-Amz-A", "1"), ("X-Amz", "2"), ("X-Amz-Ab", "3")]),
            ("around the date", [("X-Amz-Dat", "1"), ("X-Amz-Datf", "2")]),
            ("colon and comma", [("My-Header1", "a:b,c,,d")])):
        case("header " + name, headers=headers)
    # Tokens, times, places.
    case("session token", session_token=TOKEN)
    case("session token with headers", session_token=TOKEN,
         headers=[("X-Amz-Zzz", "1"), ("X-Amz-Aaa", "2")])
    case("port in host", host="127.0.0.1:4566")
    case("ipv6 host", host="[::1]:4566")
    case("start of a day", unix_ms=1767225600000)
    case("end of a day, milliseconds cut", unix_ms=1767225599999)
    case("leap day", unix_ms=1709164800000)
    case("other region and service", region="cn-northwest-1", service="kms")
    # As this program calls.
    json_case("glue GetDatabases", "AWSGlue.GetDatabases",
              '{"AttributesToGet":["NAME"],"MaxResults":100}',
              host="glue.eu-central-1.amazonaws.com", region="eu-central-1", service="glue",
              session_token=TOKEN)
    json_case("dynamodb through a base path", "DynamoDB_20120810.ListTables", "{}",
              host="localhost:8000", path="/proxy/", service="dynamodb")
    # S3: the path is encoded once and never normalised.
    s3_case("get", path="/eid/CURRENT", headers=[("If-None-Match", '"abc"')])
    s3_case("put", method="PUT", path="/eid/images/00000000000000000042-0123456789abcdef.eidc.zst",
            payload_hash=hashlib.sha256(b"image").hexdigest(),
            headers=[("If-None-Match", "*"), ("Content-Type", "application/octet-stream"),
                     ("x-amz-checksum-sha256", "mZ0MJpvFuU1RrzVsIxcFkqTqqwFRxQkM+zA0GKkbp2c=")],
            session_token=TOKEN)
    s3_case("unsigned payload", method="PUT", path="/a", payload_hash=UNSIGNED)
    s3_case("delete", method="DELETE", path="/a b")
    s3_case("list", params=[("list-type", "2"), ("prefix", "eid/images/"), ("max-keys", "1000"),
                            ("continuation-token", "1/abc+def=="), ("start-after", "")])
    for name, path in (
            ("unreserved", "/" + unreserved), ("reserved", "/" + reserved),
            ("unicode", "/gr\u00fc\u00df/\U0001f600"), ("percent", "/a%20b%2Fc"),
            ("double slash", "//a//b//"), ("dots", "/a/./b/../c/.."), ("space", "/a b/+c")):
        s3_case("path " + name, path=path)


def odd_text(rng, least, most, more=""):
    """Of characters that need encoding as often as not."""
    pool = "abcXYZ0189-._~"
    pool += "!\"#$%&'()*+,:;<=>?@[\\]^`{|} \t\u00e9\u00df\u1234\u2028\U0001f600"
    return "".join(rng.choice(pool + more) for _ in range(rng.randint(least, most)))


def random_path(rng):
    dots = ("", ".", "..", "...")
    segments = [rng.choice((*dots, odd_text(rng, 1, 9), odd_text(rng, 1, 9), "plain"))
                for _ in range(rng.randint(0, 7))]
    return "/" + "/".join(segments)


def random_headers(rng):
    names = ["X-%s" % rng.choice(("A", "a", "B", "b-c", "Ab", "Amz-Meta-K", "Amz-Meta-k-2"))
             for _ in range(rng.randint(0, 6))]
    words = "abc  DEF,:;=\"'()/\t-_. \u00e9"
    return [(name, "".join(rng.choice(words) for _ in range(rng.randint(0, 30))))
            for name in names]


def describe_random(count, seed):
    rng = random.Random(seed)
    for number in range(count):
        s3 = rng.random() < 0.4
        payload = rng.choice((EMPTY, UNSIGNED, hashlib.sha256(rng.randbytes(20)).hexdigest()))
        keys = [odd_text(rng, 1, 6) for _ in range(rng.randint(0, 5))]
        params = [(rng.choice(keys), odd_text(rng, 0, 8, "/")) for _ in range(2 * len(keys))]
        headers = random_headers(rng)
        case(f"random {seed}/{number}", method=rng.choice(("GET", "PUT", "POST", "DELETE", "HEAD")),
             host=rng.choice(("glue.eu-west-1.amazonaws.com", "b.s3.amazonaws.com", "[::1]:4566")),
             path=random_path(rng), params=params, payload_hash=payload, s3=s3,
             headers=([("x-amz-content-sha256", payload)] if s3 else []) + headers,
             region=rng.choice(("eu-west-1", "us-gov-west-1")), service="s3" if s3 else "glue",
             unix_ms=rng.randrange(1_500_000_000_000, 1_900_000_000_000),
             session_token=rng.choice((None, TOKEN)))


def encode(text, safe=""):
    return quote(text.encode(), safe=safe)


def wire_target(c):
    query = "&".join(encode(k) + "=" + encode(v) for k, v in c["params"])
    return encode(c["path"], "/") + ("?" + query if query else "")


def normalised(path):
    kept = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    result = "/" + "/".join(kept)
    return result + "/" if kept and segments[-1] == "" else result


def canonical_request(c):
    path = encode(c["path"], "/") if c["s3"] else encode(encode(normalised(c["path"]), "/"), "/")
    query = "&".join(k + "=" + v for k, v in sorted((encode(k), encode(v)) for k, v in c["params"]))
    values = {}
    own = [("Host", c["host"]), ("X-Amz-Date", time_of(c))]
    if c["session_token"]:
        own.append(("X-Amz-Security-Token", c["session_token"]))
    for name, value in own + c["headers"]:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    lines = [name + ":" + ",".join(values[name]) for name in sorted(values)]
    return "\n".join([c["method"], path, query, *lines, "", ";".join(sorted(values)),
                      c["payload_hash"]])


def time_of(c):
    when = datetime.datetime.fromtimestamp(c["unix_ms"] // 1000, datetime.timezone.utc)
    return when.strftime("%Y%m%dT%H%M%SZ")


def scope(c):
    return "/".join([time_of(c)[:8], c["region"], c["service"], "aws4_request"])


def string_to_sign(c, canonical):
    return "\n".join(["AWS4-HMAC-SHA256", time_of(c), scope(c),
                      hashlib.sha256(canonical.encode()).hexdigest()])


def signature(c, text):
    key = ("AWS4" + c["secret_key"]).encode()
    for part in scope(c).split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def judged(c):
    """The Authorization header that AWS's signer makes."""
    request = awscrt.http.HttpRequest(c["method"], wire_target(c))
    request.headers.add("Host", c["host"])
    for name, value in c["headers"]:
        if name != "x-amz-content-sha256":  # the signer insists on adding this one itself
            request.headers.add(name, value)
    kinds = awscrt.auth.AwsSignedBodyHeaderType
    config = awscrt.auth.AwsSigningConfig(
        algorithm=awscrt.auth.AwsSigningAlgorithm.V4,
        signature_type=awscrt.auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=awscrt.auth.AwsCredentialsProvider.new_static(
            c["access_key"], c["secret_key"], c["session_token"]),
        region=c["region"], service=c["service"],
        date=datetime.datetime.fromtimestamp(c["unix_ms"] / 1000, datetime.timezone.utc),
        use_double_uri_encode=not c["s3"], should_normalize_uri_path=not c["s3"],
        signed_body_value=c["payload_hash"],
        signed_body_header_type=kinds.X_AMZ_CONTENT_SHA_256 if c["s3"] else kinds.NONE)
    awscrt.auth.aws_sign_request(request, config).result(10)
    return request.headers.get("Authorization")


def main():
    if sys.argv[1:2] == ["--random"]:
        describe_random(int(sys.argv[2]), int(sys.argv[3]))
    else:
        describe()
    failures = 0
    for c in CASES:
        c["wire_target"] = wire_target(c)
        c["canonical_request"] = canonical_request(c)
        c["string_to_sign"] = string_to_sign(c, c["canonical_request"])
        c["signature"] = signature(c, c["string_to_sign"])
        c["authorization"] = judged(c)
        if not c["authorization"].endswith("Signature=" + c["signature"]):
            print("differs from AWS's signer: " + c["name"], file=sys.stderr)
            failures += 1
    json.dump(CASES, sys.stdout, indent=1)
    print()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
