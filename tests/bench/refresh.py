"""What a refresh costs, against the AWS stand-in: time beside its bound, CPU and memory by size."""
import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import harness  # noqa: E402
import standins  # noqa: E402

TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}
MIB = 1 << 20
TICK = os.sysconf("SC_CLK_TCK")
PAGE = 100  # names a page, as Glue has it
SHAPES = ((40, 500), (64, 100), (320, 100), (1000, 200))  # databases, tables in each


def pages_of(databases, tables):
    return math.ceil(databases / PAGE) + databases * max(1, math.ceil(tables / PAGE))


def once(lab, **sections):
    """--once, whole: its summary, CPU seconds and the most memory it had."""
    shutil.rmtree(lab.snapshots, ignore_errors=True)
    config = lab.write_config(lab.config(sources=TABLES, log={"level": "error"}, **sections))
    with subprocess.Popen([harness.DAEMON, "--config", config, "--once"], env=lab.env(),
                          stdout=subprocess.PIPE, text=True) as process:
        summary = dict(line.split(" ", 1) for line in process.stdout.read().splitlines())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    assert status == 0 and summary["result"] == "ok", summary
    return float(summary["seconds"]), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def latency(lab, aws, passes):
    print("\nTime of a refresh beside pages x latency / concurrency:\n\n"
          "| databases x tables | pages | latency, ms | at once | bound, s | refresh, s | "
          "of 1.1 x bound + 50 ms |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for databases, tables in SHAPES:
        latency_ms, at_once = 100, 16
        aws.set(reset=True, trusting=True, databases=databases, tables=tables,
                latency_ms=latency_ms)
        took = min(once(lab, refresh={"concurrency": at_once}, snapshot={"dir": ""})[0]
                   for _ in range(passes))
        pages = pages_of(databases, tables)
        bound = pages * latency_ms / 1000 / at_once
        print(f"| {databases} x {tables} | {pages} | {latency_ms} | {at_once} | {bound:.3f} | "
              f"{took:.3f} | {took / (1.1 * bound + 0.05):.2f} |", flush=True)


def image_bytes(lab):
    folder = os.path.join(lab.snapshots, "images")
    return max(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


def row(what, names, seconds, cpu, peak=None, image=None):
    memory = f"{peak / MIB:.0f} | {peak / image:.2f}" if peak else "- | -"
    print(f"| {what} | {seconds:.1f} | {cpu:.2f} | {cpu * 1e6 / names:.2f} | {memory} |",
          flush=True)


def size(lab, aws, databases, tables):
    names = databases * tables
    aws.set(reset=True, trusting=True, databases=databases, tables=tables, buckets=["bucket"])
    print(f"\n{names} tables in {databases} databases, {pages_of(databases, tables)} pages, the "
          "stand-in without latency:\n\n| refresh | seconds | CPU seconds | CPU us a name | "
          "peak, MiB | of the image |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for what, snapshot in (("the first, saved nowhere", {"dir": ""}),
                           ("the first, to a directory", {}),
                           ("the first, to a directory and S3", {"s3": "s3://bucket/prefix"})):
        seconds, cpu, peak = once(lab, snapshot=snapshot)
        image = image_bytes(lab) if snapshot != {"dir": ""} else 0
        row(what, names, seconds, cpu, *((peak, image) if image else ()))
    again(lab, names)


def cpu_of(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_of(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024


def again(lab, names):
    """The daemon, started from the snapshot: what a refresh costs that finds nothing new."""
    daemon = lab.start(sources=TABLES, log={"level": "info"},
                       refresh={"scope_interval": "20h", "interval": "1s", "timeout": "1h"})
    daemon.wait_rounds(1)
    for what, order in (("nothing due", None), ("everything again", "wait=1h")):
        before, began, rounds = cpu_of(daemon), time.monotonic(), len(daemon.history())
        if order:
            daemon.refresh(order)
        else:
            daemon.wait_rounds(rounds + 1)
        done = daemon.history()[0]
        assert done["result"] == "ok", done
        seconds = done["duration_seconds"] if order else time.monotonic() - began
        image = daemon.status_document()["generation"]["bytes"]
        row(what, names, seconds, cpu_of(daemon) - before, peak_of(daemon), image)
    daemon.stop()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench refresh")
    parser.add_argument("--databases", type=int, default=5000)
    parser.add_argument("--tables", type=int, default=200, help="in each")
    parser.add_argument("--passes", type=int, default=3, help="of the time beside its bound")
    options = parser.parse_args()
    lab = harness.Lab(tempfile.mkdtemp(prefix="eidc-bench-"))
    aws = lab.aws = standins.Aws()
    try:
        latency(lab, aws, options.passes)
        size(lab, aws, options.databases, options.tables)
    finally:
        lab.close()
        aws.close()
        shutil.rmtree(lab.path, ignore_errors=True)


if __name__ == "__main__":
    main()
