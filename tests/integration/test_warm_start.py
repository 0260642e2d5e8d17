"""Restarts: answers come from the snapshot at once, ages go on, damage costs no data."""
import glob
import json
import os
import time

import pytest

from harness import eid, poll

DATABASES = {"prod": {"type": "aws", "list": "glue.databases"}}


def names(count):
    return [f"name_{n:04d}" for n in range(count)]


def images(lab):
    return sorted(glob.glob(lab.snapshots + "/images/*.eidc"))


def two_generations(lab):
    """Two images in the store: the older has 20 names, the newer 21."""
    lab.names(names(20))
    daemon = lab.start()
    lab.names(names(21))
    daemon.refresh()
    daemon.stop()
    os.unlink(lab.names_path)  # from here on no listing works
    assert len(images(lab)) == 2


def current(lab):
    with open(lab.snapshots + "/CURRENT", "rb") as file:
        return json.loads(file.read())


def test_a_restart_with_aws_down_answers_from_the_snapshot(lab, aws):
    aws.set(databases=250)
    daemon = lab.start(sources=DATABASES)
    before = daemon.status_document()["generation"]
    daemon.stop()
    time.sleep(2.1)
    aws.set(clear=True)
    aws.fault("GetDatabases", "hang", times=-1)
    daemon = lab.start(sources=DATABASES)
    answer = daemon.forward("db_00007")
    assert answer.json["eid"] == eid("db_00007")
    assert int(answer.header("Age")) >= 2  # ages survive
    after = daemon.status_document()["generation"]
    for same in ("number", "id", "created_at", "names", "verified_at"):
        assert after[same] == before[same]
    assert daemon.batch("forward", ["db_00249", "nope"]) == {
        "db_00249": eid("db_00249"), "nope": None}


def test_the_next_generation_counts_on(lab):
    lab.names(names(20))
    daemon = lab.start()
    number = daemon.status_document()["generation"]["number"]
    daemon.stop()
    lab.names(names(21))
    daemon = lab.start()
    poll("the new name", lambda: daemon.forward("name_0020").status == 200)
    assert daemon.status_document()["generation"]["number"] == number + 1


def test_nothing_changed_publishes_nothing(lab):
    lab.names(names(20))
    daemon = lab.start()
    before = daemon.status_document()["generation"]
    time.sleep(1.1)
    after = daemon.refresh()["generation"]
    assert (after["number"], after["id"]) == (before["number"], before["id"])
    assert after["created_at"] == before["created_at"]
    assert after["refreshed_at"] > before["refreshed_at"]
    assert after["verified_at"] > before["verified_at"]
    assert len(images(lab)) == 1
    assert current(lab)["verified_at"] >= after["verified_at"][:19]


def test_the_directory_holds_the_layout(lab):
    lab.names(names(20))
    daemon = lab.start(snapshot={"json": True})
    generation = daemon.wait_rounds(1)["generation"]
    pointer = current(lab)
    name = f"{generation['number']:020d}-{generation['id']}.eidc"
    assert pointer["key"] == "images/" + name
    assert pointer["id"] == generation["id"]
    assert pointer["names"] == 20
    assert os.path.basename(images(lab)[0]) == name
    assert os.path.getsize(images(lab)[0]) == pointer["bytes"]
    assert os.readlink(lab.snapshots + "/current.eidc") == "images/" + name
    with open(lab.snapshots + "/eid_cache.json", encoding="utf-8") as file:
        cache = json.load(file)
    assert cache["forward_dict"] == {n: eid(n) for n in names(20)}
    assert cache["reverse_dict"] == {eid(n): n for n in names(20)}
    assert set(cache) == {"forward_dict", "reverse_dict", "created_at", "request_count"}
    told = summary(lab)
    assert (told["result"], told["names"], told["added"], told["removed"]) == ("ok", 20, 20, 0)
    assert told["failures"] == []


def summary(lab):
    with open(lab.snapshots + "/summary.json", encoding="utf-8") as file:
        return json.load(file)


def test_the_summary_tells_of_a_refresh_that_failed(lab):
    daemon = lab.start(wait="listening").settle()  # there is no file of names
    assert summary(lab)["result"] == "failed"
    assert summary(lab)["generation"] == 0
    assert "names.txt" in summary(lab)["error"]
    lab.names(names(20))
    assert daemon.refresh()["refresh"]["last_result"] == "ok"
    assert summary(lab)["result"] == "ok"
    before = current(lab)
    os.unlink(lab.names_path)
    assert daemon.refresh()["refresh"]["last_result"] == "failed"
    told = summary(lab)
    assert (told["result"], told["generation"], told["names"]) == ("failed", 1, 20)
    assert told["failures"] == [{"source": "names", "scopes": 1, "error": told["error"].replace(
        "source names: ", "")}]
    assert current(lab) == before


def test_keep_limits_the_images(lab):
    lab.names(names(20))
    daemon = lab.start(snapshot={"keep": 2})
    for count in (21, 22, 23):
        lab.names(names(count))
        daemon.refresh()
    assert len(images(lab)) == 2
    assert os.path.basename(images(lab)[-1]) == os.path.basename(current(lab)["key"])


def damage(path, how):
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        if how == "truncated":
            file.truncate(size // 2)
        elif how == "empty":
            file.truncate(0)
        elif how == "flipped":
            file.seek(size // 2)
            byte = file.read(1)
            file.seek(size // 2)
            file.write(bytes([byte[0] ^ 0x40]))
        else:
            file.write(b"not an image at all" * 100)


@pytest.mark.parametrize("how", ["truncated", "empty", "flipped", "foreign"])
def test_a_damaged_newest_image_falls_back_to_the_one_before(lab, how):
    two_generations(lab)
    damage(images(lab)[-1], how)
    daemon = lab.start()
    assert daemon.batch("forward", names(20)) == {n: eid(n) for n in names(20)}
    assert daemon.forward("name_0020").status == 404
    assert os.path.basename(images(lab)[-1]) in daemon.log()
    assert " warn " in daemon.log()


@pytest.mark.parametrize("how", ["truncated", "empty", "foreign", "removed"])
def test_a_damaged_pointer_costs_no_image(lab, how):
    two_generations(lab)
    path = lab.snapshots + "/CURRENT"
    os.unlink(path) if how == "removed" else damage(path, how)
    daemon = lab.start()
    assert daemon.batch("forward", names(21)) == {n: eid(n) for n in names(21)}


def test_after_damage_the_next_refresh_heals_the_store(lab):
    two_generations(lab)
    damage(images(lab)[-1], "flipped")
    lab.names(names(22))
    daemon = lab.start()
    poll("the listing", lambda: daemon.forward("name_0021").status == 200)
    daemon.stop()
    os.unlink(lab.names_path)
    daemon = lab.start()
    assert daemon.batch("forward", names(22)) == {n: eid(n) for n in names(22)}


def test_with_nothing_at_all_it_says_when_to_come_back(lab, aws):
    aws.set(databases=3)
    aws.fault("GetDatabases", "accessdenied", times=-1)
    daemon = lab.start(wait="listening", sources=DATABASES)
    daemon.wait_rounds(1)
    for answer in (daemon.forward("db_00000"), daemon.reverse(eid("db_00000")),
                   daemon.post("/v1/forward", b"db_00000\n", content_type="text/plain")):
        assert answer.status == 503
        assert int(answer.header("Retry-After")) >= 1
        assert answer.header("Content-Type").startswith("application/problem+json")
    assert daemon.get("/readyz").status == 503
    assert daemon.get("/livez").status == 200
    assert daemon.get("/v1/status").status == 200
    aws.heal()
    poll("an answer", lambda: daemon.forward("db_00000").status == 200)


def test_an_image_of_another_scheme_is_not_served(lab):
    lab.names(names(20))
    lab.start().stop()
    os.unlink(lab.names_path)
    daemon = lab.start(wait="listening", eid={"bits": 64})
    daemon.wait_rounds(1)
    assert daemon.forward("name_0000").status == 503
    lab.names(names(20))
    poll("the new scheme", lambda: daemon.forward("name_0000").status == 200)
    assert daemon.forward("name_0000").json["eid"] == eid("name_0000")[:16]


def test_stale_answers_can_be_refused(lab):
    lab.names(names(20))
    lab.start().stop()
    os.unlink(lab.names_path)
    time.sleep(2.1)
    daemon = lab.start(wait="listening", refresh={"max_stale": "1s"})
    assert daemon.get("/readyz").status == 503
    assert daemon.forward("name_0000").status == 200
    daemon = lab.start(wait="listening",
                       refresh={"max_stale": "1s", "stale_answers": "refuse"})
    assert daemon.forward("name_0000").status == 503
