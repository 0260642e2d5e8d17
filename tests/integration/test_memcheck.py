"""One life of the daemon, short enough for memcheck (`./dev valgrind` wraps the programs in it):
listing, look-ups, snapshots on disk and S3, reload, a failed refresh, a warm start, the end."""
import os
import signal

from harness import eid, poll
from s3_checks import BUCKET, URL

TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}


def test_one_life(lab, aws):
    aws.set(databases=5, tables=20, buckets=[BUCKET])
    settings = {"sources": TABLES, "snapshot": {"s3": URL, "json": True},
                "aws": {"timeout": "30s"}}
    daemon = lab.start(**settings)
    names = [f"db_{d:05d}.t_{t:05d}" for d in range(5) for t in range(20)]
    assert daemon.batch("forward", names) == {name: eid(name) for name in names}
    assert daemon.reverse(eid(names[0])).json["name"] == names[0]
    for target in ("/metrics", "/v1/status", "/readyz?verbose", "/nowhere", "/v1/forward/%"):
        daemon.get(target)
    aws.set(tables=19)
    assert daemon.refresh()["generation"]["names"] == 95
    aws.fault("GetTables", "accessdenied", times=-1)
    assert daemon.refresh()["refresh"]["last_result"] == "failed"
    aws.heal()
    daemon.process.send_signal(signal.SIGHUP)
    poll("the reload", lambda: "reload: done" in daemon.log())
    daemon.stop()
    os.rename(lab.snapshots, lab.snapshots + "-away")
    aws.fault("GetDatabases", "accessdenied", times=-1)
    daemon = lab.start(**settings)
    assert daemon.forward(names[0]).status == 200
    daemon.stop()


def test_once(lab, aws):
    aws.set(databases=5, buckets=[BUCKET])
    done = lab.once(sources={"prod": {"type": "aws", "list": "glue.databases"}},
                    snapshot={"s3": URL}, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "lost" not in done.stderr
