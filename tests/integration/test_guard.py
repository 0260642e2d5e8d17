"""The shrink guard: names that vanish in numbers are held until someone or something confirms."""
from harness import eid


def names(count, prefix="name"):
    return [f"{prefix}_{n:04d}" for n in range(count)]


def start(lab, count=100, **sections):
    lab.names(names(count))
    daemon = lab.start(**sections)
    assert daemon.status_document()["generation"]["names"] == count
    return daemon


def shrink(lab, daemon, keep, extra=()):
    lab.names([*names(keep), *extra])
    return daemon.refresh()


def assert_all(daemon, wanted):
    assert daemon.batch("forward", wanted) == {name: eid(name) for name in wanted}


def test_a_shrink_is_held_and_additions_are_not(lab):
    daemon = start(lab)
    status = shrink(lab, daemon, 50, ["fresh"])
    assert status["guard"]["held"] is True
    assert status["guard"]["removals"] == 50
    assert status["refresh"]["last_result"] == "held"
    assert status["generation"]["partial"] is True
    assert_all(daemon, [*names(100), "fresh"])
    assert daemon.metrics()["eidcached_guard_held"] == 1
    assert daemon.get("/readyz").status == 200
    assert "50" in daemon.log() and "name_0050" in daemon.log()


def test_an_operator_accepts_the_shrink(lab):
    daemon = start(lab)
    shrink(lab, daemon, 50)
    done = lab.ctl(daemon, "refresh", "--wait=30")
    assert done.returncode == 0
    assert "50 held" in done.stdout and "--accept-shrink" in done.stderr
    done = lab.ctl(daemon, "refresh", "--wait", "--accept-shrink")
    assert (done.returncode, done.stderr) == (0, "")
    assert "held" not in done.stdout
    status = daemon.status_document()
    assert status["guard"]["held"] is False
    assert status["guard"]["removals"] == 0
    assert status["generation"]["names"] == 50
    assert daemon.forward("name_0050").status == 404
    assert daemon.metrics()["eidcached_guard_held"] == 0


def test_three_refreshes_in_a_row_confirm_it(lab):
    daemon = start(lab)
    guard = shrink(lab, daemon, 50)["guard"]
    assert (guard["held"], guard["agreed"], guard["confirmations"]) == (True, 1, 3)
    assert "50 names would vanish (1 of 3 refreshes agree); " in lab.ctl(daemon, "status").stdout
    says = "held (2 of 3 refreshes agree; the next that does lets them go)"
    assert says in lab.ctl(daemon, "refresh", "--wait").stderr
    assert "held (1 of 3 refreshes agree)" in daemon.log() and says in daemon.log()
    assert "let go" not in daemon.log()
    status = daemon.refresh()
    assert (status["guard"]["held"], status["guard"]["agreed"]) == (False, None)
    assert status["refresh"]["last_result"] == "ok"
    assert status["generation"]["names"] == 50
    assert "refresh: 50 entries that were held are let go: 3 refreshes in a row agree" in \
        daemon.log()


def test_names_that_return_end_it(lab):
    daemon = start(lab)
    shrink(lab, daemon, 50)
    lab.names(names(100))
    status = daemon.refresh()
    assert status["guard"]["held"] is False
    assert status["refresh"]["last_result"] == "ok"
    assert status["generation"]["names"] == 100
    assert_all(daemon, names(100))
    # and the count starts anew: two more shrinks do not make three
    assert shrink(lab, daemon, 50)["guard"]["held"] is True
    assert daemon.refresh()["guard"]["held"] is True


def test_confirmations_are_counted_by_name(lab):
    daemon = start(lab)
    shrink(lab, daemon, 50)
    daemon.refresh()
    lab.names(names(100)[50:])  # the others return, the first half goes: that is a new shrink
    status = daemon.refresh()
    assert status["guard"]["held"] is True
    assert_all(daemon, names(100))


def test_half_may_go_when_it_is_ten_names(lab):
    assert shrink(lab, start(lab, 20), 10)["generation"]["names"] == 10


def test_twenty_names_may_go_when_they_are_a_tenth(lab):
    assert shrink(lab, start(lab, 200), 180)["generation"]["names"] == 180


def test_eleven_names_over_a_tenth_may_not(lab):
    daemon = start(lab, 109)
    status = shrink(lab, daemon, 98)
    assert status["guard"]["held"] is True
    assert status["guard"]["removals"] == 11


def test_everything_gone_is_held(lab):
    daemon = start(lab)
    lab.names([])
    status = daemon.refresh()
    assert status["guard"]["held"] is True
    assert_all(daemon, names(100))


def test_max_shrink_and_confirmations_are_options(lab):
    daemon = start(lab, refresh={"max_shrink": "60%", "shrink_confirmations": 2})
    assert shrink(lab, daemon, 50)["generation"]["names"] == 50
    assert shrink(lab, daemon, 10)["guard"]["held"] is True
    status = daemon.refresh()
    assert status["guard"]["held"] is False
    assert status["generation"]["names"] == 10


def test_a_source_that_fails_is_not_a_shrink(lab, aws):
    aws.set(databases=100)
    daemon = lab.start(sources={"prod": {"type": "aws", "list": "glue.databases"}})
    aws.fault("GetDatabases", "accessdenied", times=-1)
    status = daemon.refresh()
    assert status["guard"]["held"] is False
    assert status["generation"]["names"] == 100


def test_held_names_survive_a_restart(lab):
    daemon = start(lab)
    shrink(lab, daemon, 50)
    daemon.stop()
    daemon = lab.start()
    assert_all(daemon, names(100))
    assert daemon.wait_rounds(1)["guard"]["held"] is True
    assert_all(daemon, names(100))
