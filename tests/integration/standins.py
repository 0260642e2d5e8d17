"""The servers that the daemon talks to in tests, as processes of their own."""
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile

from client import Client
from harness import SOURCE

SUPPORT = os.path.join(SOURCE, "tests/support")


class Aws:
    """The AWS stand-in; what set() takes is in tests/support/awsstub/control.py."""

    def __init__(self):
        argv = ["/usr/bin/python3", os.path.join(SUPPORT, "aws_stub.py")]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.where = "127.0.0.1:" + self.process.stdout.readline().split()[2]
        self.url = "http://" + self.where
        self.client = Client(self.where, contract=None)

    def set(self, **order):
        assert self.client.post("/_ctl", json.dumps(order).encode()).status == 200
        return self

    def fault(self, op, do, **more):
        """One fault instead of those before; times=-1 is for ever."""
        return self.set(faults=[dict(more, op=op, do=do)])

    def heal(self):
        return self.set(faults=[], gone=[])

    def seen(self):
        return self.client.get("/_ctl").json

    def calls(self, operation=None):
        calls = self.seen()["calls"]
        return calls if operation is None else calls.get(operation, 0)

    def log(self, operation):
        return [e for e in self.client.get("/_ctl/log").json if e["op"] == operation]

    def secrets(self):
        """What must stand in no output: all that was given out, and what requests carried."""
        return self.client.get("/_ctl/secrets").json

    def objects(self, bucket):
        return self.client.get("/_ctl/s3/" + bucket).json

    def object(self, bucket, key):
        answer = self.client.get(f"/_ctl/s3/{bucket}/{key}")
        return answer.body if answer.status == 200 else None

    def put(self, bucket, key, data):
        return self.client.request("PUT", f"/_ctl/s3/{bucket}/{key}", data)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Radosgw:
    """One node of Ceph's S3 server, which shares no code with the stand-in."""

    PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool")

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="rgw-")
        self.port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self._run("start", self.dir, str(self.port))

    @classmethod
    def missing(cls):
        return [name for name in cls.PROGRAMS if not shutil.which(name)]

    def _run(self, *arguments):
        subprocess.run([os.path.join(SUPPORT, "radosgw.sh"), *arguments], check=True, timeout=120,
                       stdout=subprocess.DEVNULL)

    def close(self):
        self._run("stop", self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)


def free_ports(count):
    """The first of that many consecutive ports that are free now. Below the range that the kernel
    gives out, and anywhere in it, so that tests that run side by side do not meet."""
    for _ in range(1000):
        first = random.randrange(20000, 32000 - count)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise AssertionError("no free ports")
