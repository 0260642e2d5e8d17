"""What must hold of snapshots on S3, whichever server holds them."""
import hashlib
import json
import os
import re
import threading
import time

from harness import eid, poll

BUCKET, PREFIX = "eid-bucket", "team/eid"
URL = f"s3://{BUCKET}/{PREFIX}"


def names(count):
    return [f"name_{n:04d}" for n in range(count)]


def assert_serves(daemon, wanted):
    assert daemon.batch("forward", wanted) == {name: eid(name) for name in wanted}
    assert daemon.batch("reverse", [eid(n) for n in wanted]) == {eid(n): n for n in wanted}


def current(bucket):
    raw = bucket.get(f"{PREFIX}/CURRENT")
    return raw and json.loads(raw)


def images(bucket):
    return sorted(k for k in bucket.keys() if k.startswith(f"{PREFIX}/images/"))


def s3_store(status):
    return next(s for s in status["stores"] if s["url"].startswith("s3:"))


def check_layout(lab, bucket, settings):
    lab.names(names(50))
    daemon = lab.start(**settings)
    generation = daemon.wait_rounds(1)["generation"]
    pointer = current(bucket)
    key = f"images/{generation['number']:020d}-{generation['id']}.eidc.zst"
    assert set(pointer) >= {"number", "id", "key", "bytes", "sha256", "names", "created_at",
                            "refreshed_at", "verified_at"}
    assert pointer["number"] == generation["number"]
    assert pointer["id"] == generation["id"] and re.fullmatch("[0-9a-f]{16}", pointer["id"])
    assert pointer["key"] == key
    assert pointer["names"] == 50
    stored = bucket.get(f"{PREFIX}/{key}")
    assert len(stored) == pointer["bytes"]
    assert hashlib.sha256(stored).hexdigest() == pointer["sha256"]
    assert stored[:4] == b"\x28\xb5\x2f\xfd"  # zstd
    cache = json.loads(bucket.get(f"{PREFIX}/eid_cache.json"))
    assert cache["forward_dict"] == {n: eid(n) for n in names(50)}
    assert cache["reverse_dict"] == {eid(n): n for n in names(50)}
    assert json.loads(bucket.get(f"{PREFIX}/summary.json"))
    assert s3_store(daemon.status_document())["error"] is None
    return daemon


def check_unchanged_moves_only_the_times(lab, bucket, settings):
    lab.names(names(50))
    daemon = lab.start(**settings)
    daemon.wait_rounds(1)
    before = current(bucket)
    time.sleep(1.1)
    daemon.refresh()
    after = current(bucket)
    assert (after["number"], after["id"], after["key"]) == (
        before["number"], before["id"], before["key"])
    assert after["verified_at"] > before["verified_at"]
    assert after["refreshed_at"] > before["refreshed_at"]
    assert len(images(bucket)) == 1


def check_retention(lab, bucket, settings):
    lab.names(names(20))
    daemon = lab.start(**dict(settings, snapshot=dict(settings["snapshot"], keep=2)))
    for count in (21, 22, 23):
        lab.names(names(count))
        daemon.refresh()
    assert len(images(bucket)) == 2
    assert images(bucket)[-1].endswith(current(bucket)["key"])


def check_warm_start(lab, bucket, settings):
    """A new machine, no names file: everything comes from S3."""
    lab.names(names(50))
    lab.start(**settings).settle().stop()
    before = current(bucket)
    os.unlink(lab.names_path)
    lab.snapshots += "-of-another-machine"
    daemon = lab.start(**settings)
    assert_serves(daemon, names(50))
    generation = daemon.status_document()["generation"]
    assert (generation["number"], generation["id"]) == (before["number"], before["id"])
    return daemon


def check_two_writers(lab, bucket, settings, rounds=6):
    """Two daemons save to one prefix in turn: CURRENT's number only grows, and in the end what is
    there is whole."""
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            pointer = current(bucket)
            if pointer and (not seen or seen[-1] != pointer["number"]):
                seen.append(pointer["number"])
            time.sleep(0.02)
    lab.names(names(30))
    first = lab.start(**settings)
    first.wait_rounds(1)
    lab.snapshots += "-second"
    second = lab.start(**settings)
    second.wait_rounds(1)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(rounds):
            lab.names(names(31 + number))
            orders = [threading.Thread(target=d.refresh) for d in (first, second)]
            for order in orders:
                order.start()
            for order in orders:
                order.join()
            lab.names([*names(31 + number), f"only_{number}"])
            (first, second)[number % 2].refresh()
    finally:
        stop.set()
        watcher.join()
    assert seen == sorted(seen) and len(seen) >= rounds, seen
    pointer = current(bucket)
    stored = bucket.get(f"{PREFIX}/{pointer['key']}")
    assert hashlib.sha256(stored).hexdigest() == pointer["sha256"]
    last = poll("the last writer's names", lambda: [d for d in (first, second)
                if d.forward(f"only_{rounds - 1}").status == 200])
    assert last[0].status_document()["generation"]["number"] <= pointer["number"]
