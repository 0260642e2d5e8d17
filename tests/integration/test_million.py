"""A million names in a file: listed, looked up both ways, verified, and there after a restart."""
import os
import time

from harness import SLOW, eid

COUNT = 1_000_000 if SLOW <= 2 else 100_000
CHUNK = 100_000


def names():
    return [f"db_{n % 1000:03d}.table_{n:07d}" for n in range(COUNT)]


def lookups(daemon, direction, keys):
    """Text in, text out: the values in request order."""
    answer = daemon.post("/v1/" + direction, "".join(k + "\n" for k in keys).encode(),
                         content_type="text/plain")
    assert answer.status == 200, answer
    lines = answer.text.splitlines()
    assert len(lines) == len(keys)
    pairs = [line.split("\t") for line in lines]
    assert [pair[0] for pair in pairs] == keys
    return [pair[1] for pair in pairs]


def check_all(daemon, all_names, all_eids):
    for at in range(0, COUNT, CHUNK):
        part, eids = all_names[at:at + CHUNK], all_eids[at:at + CHUNK]
        assert lookups(daemon, "forward", part) == eids
        assert lookups(daemon, "reverse", eids) == part


def test_a_million_names(lab):
    all_names = names()
    all_eids = [eid(name) for name in all_names]
    lab.names(all_names)
    began = time.monotonic()
    daemon = lab.start()
    print(f"\n{COUNT} names served {time.monotonic() - began:.2f} s after the start")
    status = daemon.wait_rounds(1)
    assert status["generation"]["names"] == COUNT
    assert status["refresh"]["last_result"] == "ok"
    began = time.monotonic()
    check_all(daemon, all_names, all_eids)
    print(f"{2 * COUNT} batch look-ups checked in {time.monotonic() - began:.2f} s")
    assert lookups(daemon, "forward", ["not there"]) == [""]
    whole = daemon.post("/v1/forward", "\n".join(all_names).encode(), content_type="text/plain")
    assert whole.status == 200 and whole.body.count(b"\n") == COUNT  # max_batch's default
    image = os.path.join(lab.snapshots, "current.eidc")
    done = lab.ctl(None, "image", "verify", image)
    assert done.returncode == 0, done.stderr
    daemon.stop()

    os.unlink(lab.names_path)  # no listing can succeed
    began = time.monotonic()
    daemon = lab.start()
    print(f"restarted in {time.monotonic() - began:.2f} s")
    check_all(daemon, all_names, all_eids)
