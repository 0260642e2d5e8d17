"""The HTTP surface: status codes, negotiation, validators, batches, probes, metrics, access."""
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse

import pytest

from conftest import need
from harness import eid

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

NAMES = ["sales", "sales.orders", "a/b c", "ünïcödé 🦆", "%41", "plus+sign", "quote\"d"]


@pytest.fixture
def daemon(lab):
    lab.names(NAMES)
    daemon = lab.start()
    daemon.wait_rounds(1)
    return daemon


def assert_problem(answer, status):
    assert answer.status == status, answer
    assert answer.header("Content-Type").startswith("application/problem+json")
    assert set(answer.json) >= {"type", "title", "status", "detail"}
    assert answer.json["status"] == status


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_reverse(daemon, name):
    assert daemon.forward(name).json == {"name": name, "eid": eid(name)}
    assert daemon.reverse(eid(name)).json == {"eid": eid(name), "name": name}
    assert daemon.reverse(eid(name).upper()).json == {"eid": eid(name), "name": name}


def test_headers_of_an_answer(daemon):
    answer, generation = daemon.forward("sales"), daemon.status_document()["generation"]
    assert answer.header("Content-Type").startswith("application/json")
    assert answer.header("ETag") == f'"{generation["id"]}"'
    assert answer.header("Eidcache-Generation") == str(generation["number"])
    assert answer.header("Age").isdigit()
    assert int(answer.header("Content-Length")) == len(answer.body)


def test_misses(daemon):
    assert_problem(daemon.forward("nothing"), 404)
    assert_problem(daemon.reverse("0" * 32), 404)
    assert_problem(daemon.reverse("not an eid"), 404)
    assert_problem(daemon.get("/nowhere"), 404)


@pytest.mark.parametrize("accept,kind", [
    ("text/plain", "text"), ("application/json", "json"), ("*/*", "json"), (None, "json"),
    ("text/plain;q=0.5, application/json", "json"), ("text/plain, application/json;q=0.5", "text"),
    ("text/*", "text"), ("application/xml", "json")])
def test_negotiation(daemon, accept, kind):
    answer = daemon.forward("sales", **({"accept": accept} if accept else {}))
    if kind == "text":
        assert answer.header("Content-Type").startswith("text/plain")
        assert answer.text == eid("sales") + "\n"
    else:
        assert answer.json["eid"] == eid("sales")


def test_percent_decoding_happens_once(daemon):
    assert daemon.get("/v1/forward/%2541").json["name"] == "%41"
    assert daemon.get("/v1/forward/%41").status == 404  # that is "A"
    assert daemon.get("/v1/forward/%73ales").json["name"] == "sales"
    assert daemon.get("/v1/forward/plus+sign").json["name"] == "plus+sign"
    assert daemon.get("/v1/forward/a/b%20c").json["name"] == "a/b c"


@pytest.mark.parametrize("target", [
    "/v1/forward/%", "/v1/forward/%4", "/v1/forward/%zz", "/v1/forward/a%00b", "/v1/forward/%ff",
    "/v1/forward/%c3", "/v1/forward/%ed%a0%80", "/v1/forward/", "/v1/forward/a%0ab",
    "/v1/forward/" + "x" * 2049, "/v1/forward", "/v1/reverse", "/v1/reverse/",
    "/v1/forward?name=%zz", "/v1/forward?other=x", "/v1/forward?name=", "/v1/forward?name=a&name="])
def test_bad_input_is_400(daemon, target):
    assert_problem(daemon.get(target), 400)


def test_a_head_that_is_too_long_is_431_or_414(daemon):
    assert daemon.get("/v1/forward/" + "x" * 100_000).status in (414, 431)
    assert daemon.get("/livez", x_long="y" * 100_000).status == 431


def test_validators(daemon):
    etag = daemon.forward("sales").header("ETag")
    answer = daemon.forward("sales", if_none_match=etag)
    assert answer.status == 304 and answer.body == b""
    assert answer.header("ETag") == etag
    assert daemon.forward("sales", if_none_match=f'"other", W/{etag}').status == 304
    assert daemon.forward("sales", if_none_match="*").status == 304
    assert daemon.forward("sales", if_none_match='"other"').status == 200
    assert daemon.forward("nothing", if_none_match=etag).status == 404


@pytest.mark.parametrize("target", ["/v1/forward/sales", "/v1/forward/nothing", "/v1/status",
                                    "/livez", "/readyz", "/metrics", "/", "/v1/forward?name=sales",
                                    "/v1/names"])
def test_head_is_get_without_the_body(daemon, target):
    get, head = daemon.get(target), daemon.request("HEAD", target)
    assert head.status == get.status
    assert head.body == b""
    assert head.header("Content-Type") == get.header("Content-Type")
    assert head.header("ETag") == get.header("ETag")


@pytest.mark.parametrize("method,target,allowed", [
    ("DELETE", "/v1/forward/sales", {"GET", "HEAD"}), ("POST", "/v1/forward/sales", {"GET"}),
    ("PUT", "/v1/forward", {"GET", "POST"}), ("POST", "/v1/status", {"GET", "HEAD"}),
    ("GET", "/v1/refresh", {"POST"}), ("PATCH", "/livez", {"GET"})])
def test_405_says_what_is_allowed(daemon, method, target, allowed):
    answer = daemon.request(method, target, b"")
    assert_problem(answer, 405)
    assert allowed <= {one.strip() for one in answer.header("Allow").split(",")}


def test_max_age(daemon):
    time.sleep(1.2)
    assert daemon.forward("sales", cache_control="max-age=60").status == 200
    assert_problem(daemon.forward("sales", cache_control="max-age=0"), 503)
    assert_problem(daemon.forward("nothing", cache_control="no-transform, max-age=0"), 503)
    assert daemon.forward("sales", cache_control="max-age=nonsense").status == 200


def test_short_batches_by_query(daemon):
    names = ["a/b c", "nothing", "plus+sign", "sales"]
    for quote in (urllib.parse.quote, urllib.parse.quote_plus):  # a blank as %20 and as a plus
        query = urllib.parse.urlencode([("name", name) for name in names], quote_via=quote)
        document = daemon.get("/v1/forward?" + query).json
        assert document["results"] == [
            {"name": name, "eid": eid(name) if name in NAMES else None} for name in names]
    assert document["generation"] == daemon.status_document()["generation"]["number"]
    document = daemon.get("/v1/reverse?eid=" + eid("sales")).json
    assert document["results"] == [{"eid": eid("sales"), "name": "sales"}]


def test_batches_in_json(daemon):
    assert daemon.batch("forward", [*NAMES, "nothing"]) == {
        **{name: eid(name) for name in NAMES}, "nothing": None}
    assert daemon.batch("reverse", [eid("sales"), "zz"]) == {eid("sales"): "sales", "zz": None}
    assert daemon.batch("forward", []) == {}
    escaped = daemon.post("/v1/forward", b'["\\u0073ales"]', content_type="application/json")
    assert escaped.json["results"][0]["eid"] == eid("sales")


def test_batches_in_text(daemon):
    body = "sales\nnothing\r\na/b c".encode()
    answer = daemon.post("/v1/forward", body, content_type="text/plain; charset=utf-8")
    assert answer.header("Content-Type").startswith("text/plain")
    assert answer.text == f"sales\t{eid('sales')}\nnothing\t\na/b c\t{eid('a/b c')}\n"
    answer = daemon.post("/v1/reverse", eid("sales").encode(), content_type="text/plain")
    assert answer.text == f"{eid('sales')}\tsales\n"
    answer = daemon.post("/v1/forward", b"sales\n", content_type="text/plain",
                         accept="application/json")
    assert answer.json["results"] == [{"name": "sales", "eid": eid("sales")}]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[null]", b'["a"', b'["a"] x', b"nonsense",
                                  b'["\xff"]', b'["\\ud800"]', b'"sales"', b'["a",]',
                                  b'["a",""]', b'["a\\u0000"]'])
def test_a_bad_json_batch_is_400(daemon, body):
    assert_problem(daemon.post("/v1/forward", body, content_type="application/json"), 400)


@pytest.mark.parametrize("body", [b"ok\n\xff\n", b"ok\nno\0\n"])
def test_a_bad_text_batch_is_400(daemon, body):
    assert_problem(daemon.post("/v1/forward", body, content_type="text/plain"), 400)


def test_empty_lines_are_answered_so_that_lines_stay_in_step(daemon):
    answer = daemon.post("/v1/forward", b"\nsales\n\n", content_type="text/plain")
    assert answer.text == f"\t\nsales\t{eid('sales')}\n\t\n"


@pytest.mark.parametrize("kind", ["application/xml", "text/plain; charset=latin-1"])
def test_415(daemon, kind):
    assert_problem(daemon.post("/v1/forward", b"[]", content_type=kind), 415)


def test_limits_of_batches(lab):
    lab.names(NAMES)
    daemon = lab.start(http={"max_body": "1K", "max_batch": 10})
    assert daemon.batch("forward", ["x"] * 10) == {"x": None}
    for body in (json.dumps(["x"] * 11), json.dumps(["x" * 2000])):
        answer = daemon.post("/v1/forward", body.encode(), content_type="application/json")
        assert_problem(answer, 413)
    big = b'["' + b"y" * 5000 + b'"]'
    chunked = daemon.post("/v1/forward", b"%x\r\n%s\r\n0\r\n\r\n" % (len(big), big),
                          transfer_encoding="chunked", content_type="application/json")
    assert_problem(chunked, 413)


def test_probes(daemon):
    for target in ("/livez", "/readyz", "/healthz"):
        assert daemon.get(target).status == 200
        verbose = daemon.get(target + "?verbose")
        assert verbose.status == 200
        assert len(verbose.text.splitlines()) >= 2


def test_a_probe_that_fails_says_why(lab, aws):
    aws.fault("GetDatabases", "accessdenied", times=-1)
    daemon = lab.start(wait="listening",
                       sources={"prod": {"type": "aws", "list": "glue.databases"}})
    daemon.wait_rounds(1)
    assert daemon.get("/readyz").status == 503
    verbose = daemon.get("/readyz?verbose")
    assert verbose.status == 503
    assert "AccessDenied" in verbose.text or "refresh" in verbose.text


SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
                    r"(NaN|[+-]Inf|-?[0-9.e+-]+)$")


def parse_metrics(text):
    """{family: (type, {sample name with labels: value})}, strict about the text format 0.0.4."""
    families, name = {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line and line == line.strip(), repr(line)
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in families, f"{name} comes twice"
            families[name] = [None, {}]
        elif line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert typed == name and families[name][0] is None
            families[name][0] = kind
        else:
            found = SAMPLE.match(line)
            assert found, line
            base = re.sub("_(bucket|sum|count)$", "", found[1]) \
                if families[name][0] == "histogram" else found[1]
            assert base == name, f"{line} stands under {name}"
            key = line.rsplit(" ", 1)[0]
            assert key not in families[name][1], f"{key} comes twice"
            families[name][1][key] = float(found[3])
    return families


def test_metrics(daemon):
    daemon.forward("sales")
    daemon.forward("nothing")
    daemon.batch("reverse", [eid("sales"), "x"])
    answer = daemon.get("/metrics")
    assert answer.header("Content-Type").startswith("text/plain; version=0.0.4")
    families = parse_metrics(answer.text)
    for name, kind in (("build_info", "gauge"), ("names", "gauge"), ("image_bytes", "gauge"),
                       ("generation", "gauge"), ("refreshes_total", "counter"),
                       ("verified_timestamp_seconds", "gauge"), ("lookups_total", "counter"),
                       ("refresh_duration_seconds", "histogram"), ("guard_held", "gauge"),
                       ("http_requests_total", "counter"), ("http_connections", "gauge"),
                       ("http_request_duration_seconds", "histogram"),
                       ("snapshot_saves_total", "counter")):
        assert families["eidcached_" + name][0] == kind, name
    assert any(name.startswith("process_") for name in families)
    samples = {k: v for _, members in families.values() for k, v in members.items()}
    assert samples["eidcached_names"] == len(NAMES)
    lookups = {k: v for k, v in samples.items() if k.startswith("eidcached_lookups_total")}
    assert sum(v for k, v in lookups.items() if "forward" in k) == 2
    assert sum(v for k, v in lookups.items() if "reverse" in k) == 2
    check_histograms(families)


def check_histograms(families):
    for name, (kind, samples) in families.items():
        if kind != "histogram":
            continue
        by_labels = {}
        for key, value in samples.items():
            found = re.search(r'le="([^"]+)"', key)
            if found:
                rest = re.sub(r',?le="[^"]+"', "", key)
                by_labels.setdefault(rest, []).append((found[1], value))
        assert by_labels or not samples
        for buckets in by_labels.values():
            bounds = [float(bound) for bound, _ in buckets]
            counts = [count for _, count in buckets]
            assert bounds == sorted(bounds) and bounds[-1] == float("inf"), name
            assert counts == sorted(counts), name


def test_metrics_please_prometheus_own_parser(daemon):
    need(text_string_to_metric_families, "python3-prometheus-client is missing")
    daemon.forward("sales")
    families = {f.name: f for f in text_string_to_metric_families(daemon.get("/metrics").text)}
    assert families["eidcached_names"].samples[0].value == len(NAMES)
    assert families["eidcached_lookups"].type == "counter"


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_metrics_please_promtool(daemon):
    done = subprocess.run(["promtool", "check", "metrics"], input=daemon.get("/metrics").body,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("headers", [
    {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}, {"Host": "evil.example"},
    {"Host": "evil.example:8627"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_what_came_through_something_else_is_refused(daemon, headers):
    assert_problem(daemon.request("GET", "/v1/forward/sales", None, headers), 403)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8627", "LOCALHOST"])
def test_loopback_names_are_let_in(daemon, host):
    headers = {"Host": host, "Origin": "http://localhost:3000"}
    assert daemon.request("GET", "/v1/forward/sales", None, headers).status == 200


def test_allowed_hosts_and_trust_proxy(lab):
    lab.names(NAMES)
    daemon = lab.start(http={"allowed_hosts": ["eid.internal", "127.0.0.1"]})
    assert daemon.get("/v1/forward/sales", host="eid.internal:80").status == 200
    assert daemon.get("/v1/forward/sales", host="other.internal").status == 403
    daemon = lab.start(http={"trust_proxy": True})
    assert daemon.get("/v1/forward/sales", x_forwarded_for="10.0.0.1").status == 200


def test_refresh_needs_the_socket_or_a_token(daemon):
    assert_problem(daemon.post("/v1/refresh"), 403)
    assert daemon.unix.post("/v1/refresh").status == 202
    outcome = daemon.unix.post("/v1/refresh?wait=30s")
    assert outcome.status == 200 and outcome.json["result"] == "ok"
    assert_problem(daemon.unix.post("/v1/refresh?wait=soon"), 400)
    assert_problem(daemon.unix.post("/v1/refresh?accept_shrink=perhaps"), 400)


def test_token(lab):
    lab.names(NAMES)
    path = lab.path + "/token"
    with open(path, "w", encoding="utf-8") as file:
        file.write("first-token\n")
    daemon = lab.start(http={"token_file": path})
    refused = daemon.forward("sales")
    assert_problem(refused, 401)
    assert refused.header("WWW-Authenticate").startswith("Bearer")
    assert daemon.forward("sales", authorization="Bearer wrong").status == 401
    assert daemon.forward("sales", authorization="Basic first-token").status == 401
    right = {"authorization": "Bearer first-token"}
    assert daemon.forward("sales", **right).status == 200
    assert daemon.post("/v1/refresh", **right).status == 202
    for probe in ("/livez", "/readyz", "/healthz"):
        assert daemon.get(probe).status == 200
    with open(path, "w", encoding="utf-8") as file:
        file.write("second-token\n")
    time.sleep(1.5)
    assert daemon.forward("sales", authorization="Bearer second-token").status == 200
    assert daemon.forward("sales", **right).status == 200  # for a minute
    assert "first-token" not in daemon.log() and "second-token" not in daemon.log()


def test_the_connection_limit_keeps_room_for_probes(lab):
    lab.names(NAMES)
    daemon = lab.start(http={"max_connections": 8})
    with _Idle(daemon.where, 8):
        answer = daemon.forward("sales")
        assert answer.status == 503
        assert int(answer.header("Retry-After")) >= 1
        assert daemon.get("/livez").status == 200
    time.sleep(0.3)
    assert daemon.forward("sales").status == 200


class _Idle:
    """Connections that have been opened, have asked once, and now sit there."""

    def __init__(self, where, count):
        host, _, port = where.rpartition(":")
        self.sockets = [socket.create_connection((host, int(port))) for _ in range(count)]
        for one in self.sockets:
            one.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(65536)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()


def test_keep_alive_and_pipelines(daemon):
    host, _, port = daemon.where.rpartition(":")
    with socket.create_connection((host, int(port))) as raw:
        one = b"GET /v1/forward/sales HTTP/1.1\r\nHost: localhost\r\n\r\n"
        raw.sendall(one * 20)
        raw.shutdown(socket.SHUT_WR)
        got = b""
        while part := raw.recv(65536):
            got += part
    assert got.count(b"HTTP/1.1 200 ") == 20
    assert got.count(eid("sales").encode()) == 20


@pytest.mark.parametrize("junk", [b"\r\n\r\n", b"NONSENSE\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01",
                                  b"GET /livez HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_junk_does_no_harm(lab, junk):
    # half a request that is cut off in the same packet is seen when the connection has idled
    lab.names(NAMES)
    daemon = lab.start(http={"idle_timeout": "1s"})
    daemon.wait_rounds(1)
    host, _, port = daemon.where.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(junk)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65536)
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"5")
    assert daemon.forward("sales").status == 200
