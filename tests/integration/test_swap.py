"""Images swapped ten times a second under load: nothing fails, no batch mixes generations."""
import json
import threading
import time

from harness import SLOW, eid

SECONDS = 6
EACH = 500
SIDES = [[f"side{side}_{n:04d}" for n in range(EACH)] for side in (0, 1)]
STABLE = [f"stable_{n:04d}" for n in range(200)]
KEYS = [name for pair in zip(*SIDES) for name in pair]  # interleaved: a mix would show anywhere


class Load(threading.Thread):
    """Batches both ways and single look-ups on one connection, until told to stop."""

    def __init__(self, daemon, stop):
        super().__init__()
        self.daemon_under_test, self.stop_event = daemon, stop
        self.batches, self.side_of, self.problems = 0, {}, []

    def run(self):
        try:
            with self.daemon_under_test.session() as session:
                session.contract = None  # validating would take more time than asking
                while not self.stop_event.is_set() and not self.problems:
                    self.forward_batch(session)
                    self.reverse_text(session)
                    self.single(session)
        except Exception as error:  # anything at all is a failed request
            self.problems.append(repr(error))

    def judge(self, present, what, generation):
        """present: for every key, whether it was found. All of one side, none of the other."""
        sides = [all(present[side::2]) for side in (0, 1)]
        none = [not any(present[side::2]) for side in (0, 1)]
        if sides == [True, False] and none == [False, True]:
            side = 0
        elif sides == [False, True] and none == [True, False]:
            side = 1
        else:
            self.problems.append(f"{what} mixes generations")
            return
        if generation is not None and self.side_of.setdefault(generation, side) != side:
            self.problems.append(f"generation {generation} is both sides")
        self.batches += 1

    def forward_batch(self, session):
        answer = session.request("POST", "/v1/forward", json.dumps(KEYS).encode(),
                                 {"Content-Type": "application/json"})
        if answer.status != 200:
            self.problems.append(repr(answer))
            return
        document = answer.json
        found = [result["eid"] is not None for result in document["results"]]
        if str(document["generation"]) != answer.header("Eidcache-Generation"):
            self.problems.append("header and body name different generations")
        self.judge(found, "a JSON batch", document["generation"])

    def reverse_text(self, session):
        body = "\n".join(eid(name) for name in KEYS).encode()
        answer = session.request("POST", "/v1/reverse", body, {"Content-Type": "text/plain"})
        if answer.status != 200:
            self.problems.append(repr(answer))
            return
        found = [not line.endswith("\t") for line in answer.text.splitlines()]
        self.judge(found, "a text batch", int(answer.header("Eidcache-Generation")))

    def single(self, session):
        for name in STABLE[:20]:
            answer = session.request("GET", "/v1/forward/" + name)
            if answer.status != 200 or answer.json["eid"] != eid(name):
                self.problems.append(repr(answer))


def test_ten_swaps_a_second(lab):
    lab.names(SIDES[0] + STABLE)
    daemon = lab.start(refresh={"max_shrink": "100%"}, log={"level": "info"})
    stop = threading.Event()
    loads = [Load(daemon, stop) for _ in range(3)]
    for load in loads:
        load.start()
    first = daemon.status_document()["generation"]["number"]
    began, swap = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        swap += 1
        lab.names(SIDES[swap % 2] + STABLE)
        answer = daemon.unix.post("/v1/refresh?wait=10s")
        assert answer.status == 200, answer
        time.sleep(max(0, began + swap * 0.1 - time.monotonic()))
    stop.set()
    for load in loads:
        load.join()
    swaps = daemon.status_document()["generation"]["number"] - first
    batches = sum(load.batches for load in loads)
    print(f"\n{swaps} swaps in {SECONDS} s, {batches} batches of {len(KEYS)} keys")
    assert [problem for load in loads for problem in load.problems] == []
    seen = [load.side_of for load in loads]
    for generation in set().union(*seen):  # the clients agree with each other too
        assert len({sides[generation] for sides in seen if generation in sides}) == 1
    assert swaps >= 8 * SECONDS / SLOW
    assert batches >= 50 / SLOW
