"""A service that takes no more than so many calls a second, and the adaptive mode against it."""
from harness import eid

RATE = {"rate": 5, "burst": 5}
SCOPES = 200
WARM_UP_S = 8


def figures(aws, since=0.0):
    """(calls, throttled, seconds) of Glue, from so many seconds behind the first on."""
    calls = sorted(aws.log("GetDatabases") + aws.log("GetTables"), key=lambda entry: entry["t"])
    start = calls[0]["t"]
    late = [entry for entry in calls if entry["t"] - start >= since]
    throttled = sum(entry.get("refused") == "ThrottlingException" for entry in late)
    return len(late), throttled, calls[-1]["t"] - start


def test_a_large_listing_finds_the_rate_and_loses_nothing(lab, aws):
    aws.set(databases=SCOPES, tables=1, throttle=RATE)
    done = lab.once(sources={"tables": {"type": "aws", "list": "glue.tables"}},
                    aws={"retry_mode": "adaptive"})
    assert done.returncode == 0, done.stderr
    calls, throttled, seconds = figures(aws)
    late_calls, late_throttled, _ = figures(aws, WARM_UP_S)
    print(f"{calls} calls, {throttled} throttled, {seconds:.1f} s; after {WARM_UP_S} s: "
          f"{late_calls} calls, {late_throttled} throttled")
    names = [f"db_{n:05d}.t_00000" for n in range(SCOPES)]
    assert lab.start(wait="ready").batch("forward", names) == {n: eid(n) for n in names}
    assert "glue in eu-west-1 throttles" in done.stderr
    assert late_throttled * 10 <= late_calls, (late_throttled, late_calls)
