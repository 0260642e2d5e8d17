"""A small HTTP client for tests: targets go out as they are given, escapes included. Each answer of
a daemon is held against docs/openapi.json."""
import http.client
import json
import os
import re
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "support"))
import api_contract  # noqa: E402

CONTRACT = api_contract.Contract()
TIMEOUT_S = 60
SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name.lower())

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self.path)


class Client:
    """where: "127.0.0.1:PORT" or "unix:PATH". One connection a request, unless kept open with
    `with client.session() as s: s.request(...)`. contract: None where it is no eidcached."""

    def __init__(self, where, contract=CONTRACT):
        self.where = where
        self.contract = contract

    def connect(self):
        if self.where.startswith("unix:"):
            return UnixConnection(self.where[len("unix:"):])
        host, _, port = self.where.rpartition(":")
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=TIMEOUT_S)

    def session(self):
        return Session(self.connect(), self.contract)

    def request(self, method, target, body=None, headers=None):
        with self.session() as session:
            return session.request(method, target, body, headers)

    def get(self, target, **headers):
        return self.request("GET", target, None, _spelled(headers))

    def post(self, target, body=b"", **headers):
        return self.request("POST", target, body, _spelled(headers))

    def forward(self, name, **headers):
        return self.get("/v1/forward/" + urllib.parse.quote(name, safe=""), **headers)

    def reverse(self, eid, **headers):
        return self.get("/v1/reverse/" + urllib.parse.quote(eid, safe=""), **headers)

    def batch(self, direction, keys):
        """{key: answer} of a JSON batch; the order is checked on the way."""
        answer = self.post("/v1/" + direction, json.dumps(list(keys)).encode(),
                           content_type="application/json")
        assert answer.status == 200, answer
        key, value = ("name", "eid") if direction == "forward" else ("eid", "name")
        results = answer.json["results"]
        assert [result[key] for result in results] == list(keys)
        return {result[key]: result[value] for result in results}

    def status_document(self):
        answer = self.get("/v1/status")
        assert answer.status == 200, answer
        return answer.json

    def metrics(self):
        """{"eidcached_names": 3.0, 'eidcached_x{a="b"}': 1.0}"""
        samples = {}
        for line in self.get("/metrics").text.splitlines():
            found = SAMPLE.match(line)
            if found:
                samples[found[1] + (found[2] or "")] = float(found[3])
        return samples


class Session:
    """Requests on one connection, in order."""

    def __init__(self, connection, contract=CONTRACT):
        self.connection = connection
        self.contract = contract

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def request(self, method, target, body=None, headers=None):
        headers = headers or {}
        given = {name.lower() for name in headers}
        connection = self.connection
        connection.putrequest(method, target, skip_host="host" in given,
                              skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None and not given & {"content-length", "transfer-encoding"}:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = Answer(connection.getresponse())
        if self.contract is not None:
            self.contract.check(method, target, answer)
        return answer


def _spelled(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}
