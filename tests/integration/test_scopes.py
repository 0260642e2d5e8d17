"""Scopes on a clock of their own: refresh.scope_interval."""
import collections
import time

from harness import poll

TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}
SELDOM = {"interval": "100ms", "scope_interval": "20h"}  # nothing is due in the time of a test


def listed(aws):
    """How often the tables of each database were asked for."""
    return collections.Counter(call["args"]["DatabaseName"] for call in aws.log("GetTables"))


def later(daemon, rounds=2):
    """The status once that many more refreshes have begun and ended."""
    last = daemon.settle().history()[0]["started_at"]

    def newer():
        return sum(r["started_at"] > last for r in daemon.history()) >= rounds
    poll(f"{rounds} more refreshes", newer)
    return daemon.status_document()


def test_what_is_not_due_is_not_asked_for(lab, aws):
    aws.set(databases=6, tables=3)
    daemon = lab.start(sources=TABLES, refresh=SELDOM).settle()
    before = daemon.status_document()["generation"]
    status = later(daemon)
    assert aws.calls("GetTables") == 6  # the first time
    assert aws.calls("GetDatabases") > 2  # every time
    last, now = status["refresh"]["history"][0], status["generation"]
    assert last["result"] == "ok"
    assert (last["scopes_listed"], last["scopes_kept"], last["scopes_failed"]) == (0, 6, 0)
    assert now["partial"] is False
    assert now["number"] == before["number"]
    assert now["refreshed_at"] == before["refreshed_at"]  # nothing was confirmed
    assert now["verified_at"] == before["verified_at"]
    assert status["sources"][0]["scopes"] == 6
    assert status["sources"][0]["names"] == 18


def test_new_and_vanished_scopes_do_not_wait(lab, aws):
    aws.set(databases=["a", "b"], tables=3)
    daemon = lab.start(sources=TABLES, refresh=SELDOM)
    aws.set(databases=["b", "c"], tables=3)
    poll("c is there", lambda: daemon.forward("c.t_00000").status == 200)
    assert daemon.forward("a.t_00000").status == 404
    assert daemon.forward("b.t_00000").status == 200
    assert listed(aws) == {"a": 1, "b": 1, "c": 1}


def test_asked_to_refresh_lists_everything(lab, aws):
    aws.set(databases=4, tables=2)
    daemon = lab.start(sources=TABLES, refresh=dict(SELDOM, interval="1h"))
    aws.set(databases=4, tables=3)
    status = daemon.refresh()
    assert status["refresh"]["history"][0]["scopes_listed"] == 4
    assert daemon.forward("db_00003.t_00002").status == 200
    assert aws.calls("GetTables") == 8
    assert lab.ctl(daemon, "refresh", "--wait").returncode == 0
    assert aws.calls("GetTables") == 12


def test_a_failed_scope_is_asked_for_until_it_answers(lab, aws):
    aws.set(databases=4, tables=2)
    daemon = lab.start(sources=TABLES, refresh=SELDOM)
    aws.fault("GetTables", "accessdenied", database="db_00002", times=-1)
    assert daemon.refresh()["refresh"]["last_result"] == "partial"
    aws.set(clear=True)
    status = later(daemon, 3)
    assert set(listed(aws)) == {"db_00002"}  # again and again, and it alone
    last = status["refresh"]["history"][0]
    assert last["result"] == "partial"
    assert (last["scopes_listed"], last["scopes_kept"], last["scopes_failed"]) == (0, 3, 1)
    assert status["generation"]["partial"] is True
    assert daemon.forward("db_00002.t_00000").status == 200
    aws.heal()
    poll("ok", lambda: daemon.last_result() == "ok")
    aws.set(clear=True)
    assert later(daemon)["generation"]["partial"] is False
    assert not listed(aws)


def test_held_entries_are_asked_for_until_they_are_settled(lab, aws):
    aws.set(databases=3, tables={f"db_{n:05d}": 20 for n in range(3)})
    # so many that it is still held when it is looked at, seconds later on a busy machine
    daemon = lab.start(sources=TABLES, refresh=dict(SELDOM, shrink_confirmations=60))
    aws.set(tables={"db_00000": 20, "db_00001": 20, "db_00002": 1})
    assert daemon.refresh()["guard"]["held"] is True
    aws.set(clear=True)
    assert later(daemon, 3)["guard"]["removals"] == 19
    assert set(listed(aws)) == {"db_00002"}
    poll("confirmed", lambda: daemon.status_document()["guard"]["held"] is False)
    assert daemon.forward("db_00002.t_00005").status == 404
    assert daemon.status_document()["generation"]["partial"] is False


def test_a_restart_lists_no_more_than_that(lab, aws):
    aws.set(databases=5, tables=2)
    lab.start(sources=TABLES, refresh=dict(SELDOM, interval="1h")).settle().stop()
    assert aws.calls("GetTables") == 5
    daemon = lab.start(sources=TABLES, refresh=dict(SELDOM, interval="1h")).settle()
    assert aws.calls("GetTables") == 5
    assert aws.calls("GetDatabases") == 2
    assert daemon.forward("db_00004.t_00001").status == 200
    daemon.stop()
    done = lab.once(sources=TABLES, refresh=SELDOM)  # and a job that runs now and then
    assert done.returncode == 0, done.stderr
    assert aws.calls("GetTables") == 5


def test_each_has_its_turn(lab, aws):
    aws.set(databases=30, tables=1)
    started = time.monotonic()
    daemon = lab.start(sources=TABLES, refresh={"interval": "100ms", "scope_interval": "3s"})

    def thrice():
        times = listed(aws)
        return times if len(times) == 30 and min(times.values()) >= 3 else None
    times = poll("each was listed three times", thrice, timeout=60)
    most = (time.monotonic() - started) / 3 + 2  # once a turn, the first time, a turn under way
    assert max(times.values()) <= most
    assert daemon.last_result() == "ok"


def test_files_and_plain_listings(lab, aws):
    aws.set(databases=3)
    lab.names(["a"])
    daemon = lab.start(refresh=SELDOM, sources={
        "plain": {"type": "aws", "list": "glue.databases"},
        "file": {"type": "file", "path": lab.names_path}})
    lab.names(["a", "b"])
    poll("files are read every time", lambda: daemon.forward("b").status == 200)
    later(daemon)
    assert aws.calls("GetDatabases") == 1  # here it is the scope itself


def test_an_interval_that_makes_data_stale_is_refused(lab):
    lab.names(["a"])
    config = lab.write_config(lab.config(refresh={"scope_interval": "2h", "max_stale": "2h"}))
    done = lab.run("--config", config, "--check-config")
    assert done.returncode == 1
    assert "refresh.scope_interval: is not shorter than refresh.max_stale" in done.stderr
