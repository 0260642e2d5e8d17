"""Lists, copies and changes of the map over HTTP, and the description of it all."""
import json
import os
import threading
import urllib.parse

import api_contract
import pytest

from client import CONTRACT
from harness import eid, poll

NAMES = ["sales", "sales.orders", "sales.lines", "quote\"d", "ünïcödé 🦆", "a/b c"]


@pytest.fixture
def daemon(lab):
    lab.names(NAMES)
    return lab.start().settle()


def change(lab, daemon, names):
    lab.names(names)
    daemon.refresh()


def entries(names):
    return [{"name": name, "eid": eid(name)} for name in sorted(names, key=str.encode)]


def test_names_in_pages(daemon):
    seen, after = [], ""
    while after is not None:
        page = daemon.get("/v1/names?limit=2&after=" + urllib.parse.quote(after)).json
        assert len(page["names"]) == 2
        seen += page["names"]
        after = page.get("next")
    assert seen == entries(NAMES)


def test_the_snapshot_is_the_image_that_was_saved(lab, daemon):
    answer = daemon.get("/v1/snapshot")
    assert answer.status == 200
    with open(os.path.join(lab.snapshots, "current.eidc"), "rb") as file:
        assert file.read() == answer.body
    status = daemon.status_document()["generation"]
    assert answer.header("ETag") == f'"{status["id"]}"'
    assert answer.header("Content-Length") == str(status["bytes"])
    assert f'{status["number"]:020d}-{status["id"]}.eidc' in answer.header("Content-Disposition")
    assert daemon.get("/v1/snapshot", if_none_match=answer.header("ETag")).status == 304


def test_a_snapshot_in_pieces_can_be_verified(lab, daemon):
    size, etag = int(daemon.request("HEAD", "/v1/snapshot").header("Content-Length")), None
    path = os.path.join(lab.path, "copy.eidc")
    with open(path, "wb") as file:
        for start in range(0, size, 700):
            piece = daemon.get("/v1/snapshot", range=f"bytes={start}-{start + 699}",
                               **({"if_range": etag} if etag else {}))
            assert piece.status == 206
            etag = piece.header("ETag")
            file.write(piece.body)
    assert os.path.getsize(path) == size
    assert lab.ctl(None, "image", "verify", path).returncode == 0
    past = daemon.get("/v1/snapshot", range=f"bytes={size}-")
    assert past.status == 416 and past.header("Content-Range") == f"bytes */{size}"


def test_the_eid_cache_document(lab, daemon):
    document = daemon.get("/v1/snapshot?format=json").json
    assert document["forward_dict"] == {name: eid(name) for name in NAMES}
    assert document["reverse_dict"] == {eid(name): name for name in NAMES}
    assert document["created_at"] == daemon.status_document()["generation"]["created_at"]


def test_changes(lab, daemon):
    first = daemon.status_document()["generation"]["number"]
    change(lab, daemon, NAMES[1:] + ["new"])
    change(lab, daemon, NAMES[1:] + ["new", "newer"])
    change(lab, daemon, NAMES[1:] + ["newer"])
    answer = daemon.get(f"/v1/changes?since={first}")
    assert answer.json == {"since": first, "generation": first + 3, "added": entries(["newer"]),
                           "removed": entries(NAMES[:1])}
    text = daemon.get(f"/v1/changes?since={first}", accept="text/plain").text
    assert text == f"+newer\t{eid('newer')}\n-sales\t{eid('sales')}\n"


def test_a_client_keeps_up_by_long_polls(lab, daemon):
    mine = set(NAMES)
    generation = daemon.status_document()["generation"]["number"]
    for names in (NAMES + ["one"], NAMES[2:] + ["one", "two"], NAMES):
        known, answers = generation, []
        poller = threading.Thread(target=lambda known=known, answers=answers: answers.append(
            daemon.get(f"/v1/changes?since={known}&wait=60s")))
        poller.start()
        change(lab, daemon, names)
        poller.join(60)
        changes = answers[0].json
        mine -= {entry["name"] for entry in changes["removed"]}
        mine |= {entry["name"] for entry in changes["added"]}
        generation = changes["generation"]
        assert mine == set(names)


def test_after_a_restart_changes_start_anew(lab, daemon):
    first = daemon.status_document()["generation"]["number"]
    change(lab, daemon, NAMES + ["new"])
    daemon.stop()
    again = lab.start().settle()
    assert again.status_document()["generation"]["number"] == first + 1
    assert again.get(f"/v1/changes?since={first}").status == 410
    assert again.get(f"/v1/changes?since={first + 1}").json["added"] == []
    assert again.get(f"/v1/changes?since={first + 9}&wait=60s").status == 410


def test_a_stop_ends_a_long_poll(lab, daemon):
    answers = []
    poller = threading.Thread(target=lambda: answers.append(
        daemon.get("/v1/changes?wait=1h")))
    poller.start()
    poll("both connections", lambda: daemon.metrics()["eidcached_http_connections"] >= 2)
    daemon.stop()
    poller.join(20)
    assert answers[0].json["added"] == []


def test_the_description(daemon):
    answer = daemon.get("/openapi.json")
    with open(api_contract.DOCUMENT, "rb") as file:
        assert answer.body == file.read()
    assert answer.json["openapi"].startswith("3.1")
    assert daemon.get("/openapi.json", if_none_match=answer.header("ETag")).status == 304
    assert daemon.get("/openapi.json", if_none_match='"other"').status == 200


@pytest.mark.parametrize("target", ["/v1/names", "/v1/snapshot", "/v1/snapshot?format=json",
                                    "/v1/changes", "/openapi.json"])
def test_head_and_405(daemon, target):
    get, head = daemon.get(target), daemon.request("HEAD", target)
    assert head.status == get.status == 200
    assert head.body == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Eidcache-Generation"):
        assert head.header(name) == get.header(name)
    refused = daemon.post(target)
    assert refused.status == 405 and refused.header("Allow") == "GET, HEAD"


class Fabricated:
    """An answer that no daemon gave."""

    def __init__(self, status=200, body=None, **headers):
        self.status = status
        self.headers = {"content-type": "application/json", "x-content-type-options": "nosniff",
                        "etag": '"0123456789abcdef"', "eidcache-generation": "1", "age": "0",
                        "vary": "Accept"}
        self.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
        self.body = json.dumps({"name": "a", "eid": "b"} if body is None else body).encode()
        self.json, self.text = json.loads(self.body), self.body.decode()

    def header(self, name):
        return self.headers.get(name.lower())


def test_the_contract_lets_a_good_answer_pass():
    CONTRACT.check("GET", "/v1/forward/a", Fabricated())
    CONTRACT.check("GET", "http://localhost/v1/forward/a?x", Fabricated())
    CONTRACT.check("GET", "/v1/names", Fabricated(body=many_names()))


def many_names(**wrong):
    """A page of 10,000 names; wrong: what the entry of an index has in place of an EID."""
    names = [{"name": f"name{i:05}", "eid": "e"} for i in range(10000)]
    for index, eid in wrong.items():
        names[int(index[1:])]["eid"] = eid
    return {"names": names}


@pytest.mark.skipif(api_contract.jsonschema is None, reason="python3-jsonschema is missing")
@pytest.mark.parametrize("method,target,answer", [
    ("GET", "/v1/forward/a", Fabricated(206)),
    ("GET", "/v1/forward/a", Fabricated(body={"name": "a"})),
    ("GET", "/v1/forward/a", Fabricated(body={"name": "a", "eid": "b", "extra": 1})),
    ("GET", "/v1/forward/a", Fabricated(body={"name": "a", "eid": None})),
    ("GET", "/v1/forward/a", Fabricated(age=None)),
    ("GET", "/v1/forward/a", Fabricated(age="-1")),
    ("GET", "/v1/forward/a", Fabricated(etag="0123456789abcdef")),
    ("GET", "/v1/forward/a", Fabricated(content_type="text/html")),
    ("GET", "/v1/forward/a", Fabricated(304)),
    ("DELETE", "/v1/forward/a", Fabricated()),
    ("GET", "/v1/nothing", Fabricated()),
    ("GET", "/v1/names", Fabricated()),
    ("GET", "/v1/names", Fabricated(body=many_names(_0=None))),
    ("GET", "/v1/names", Fabricated(body=many_names(_9999=None))),
    ("GET", "/v1/names", Fabricated(body=many_names(**{f"_{i}": None for i in range(4000, 4100)}))),
    ("GET", "/v1/names", Fabricated(body={**many_names(), "more": 1})),
    ("GET", "/v1/forward/a", Fabricated(404, {"title": "x"},
                                        content_type="application/problem+json")),
    ("GET", "/v1/forward/a", Fabricated(x_content_type_options=None)),
])
def test_the_contract_finds_what_is_wrong(method, target, answer):
    with pytest.raises(AssertionError):
        CONTRACT.check(method, target, answer)
