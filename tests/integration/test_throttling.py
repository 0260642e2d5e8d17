"""A service that takes no more than so many calls a second, and the adaptive mode against it."""
from harness import eid

RATE = {"rate": 5, "burst": 5}
SCOPES = 200
LAST = 100  # calls, when the rate has long been found


def throttled(calls):
    return sum(call.get("refused") == "ThrottlingException" for call in calls)


def test_a_large_listing_finds_the_rate_and_loses_nothing(lab, aws):
    aws.set(databases=SCOPES, tables=1, throttle=RATE)
    done = lab.once(sources={"tables": {"type": "aws", "list": "glue.tables"}},
                    aws={"retry_mode": "adaptive"})
    assert done.returncode == 0, done.stderr
    calls = sorted(aws.log("GetDatabases") + aws.log("GetTables"), key=lambda call: call["t"])
    print(f"{len(calls)} calls, {throttled(calls)} throttled, of the last {LAST} "
          f"{throttled(calls[-LAST:])}; {calls[-1]['t'] - calls[0]['t']:.1f} s")
    names = [f"db_{n:05d}.t_00000" for n in range(SCOPES)]
    assert lab.start(wait="ready").batch("forward", names) == {n: eid(n) for n in names}
    assert "glue in eu-west-1 throttles" in done.stderr
    # 1 in 7 and 1 in 11 where nothing else runs; without a rate 19 in 20, and most scopes are lost
    assert throttled(calls) * 4 <= len(calls)
    assert throttled(calls[-LAST:]) * 5 <= LAST
