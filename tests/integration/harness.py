"""Starts the real daemon on a configuration of the test's own, and stops it as systemd would."""
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import datetime, timezone

from client import Client

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(SOURCE, os.environ.get("EIDC_BUILD", "build"))
DAEMON = os.path.join(BUILD, "src/daemon/eidcached")
CTL = os.path.join(BUILD, "src/ctl/eidctl")
SLOW = float(os.environ.get("EIDC_SLOW", "1"))  # under sanitizers and valgrind things take longer
WRAP = shlex.split(os.environ.get("EIDC_WRAP", ""))  # a program to run the daemon under
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AWS_ENV = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
REPORTS = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error:|==\d+== .*lost: [1-9]")
LISTENING = re.compile(r"listening on (\S+)")


def eid(name):
    """What anyone can check with sha256sum."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def parse_time(text):
    """Seconds since the epoch of an RFC 3339 UTC time."""
    assert text.endswith("Z"), text
    stamp = datetime.fromisoformat(text[:-1])
    return stamp.replace(tzinfo=timezone.utc).timestamp()


def poll(what, ask, timeout=20, every=0.05):
    """The first true answer of ask(), or an assertion that says what never came."""
    deadline = time.monotonic() + timeout * SLOW
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"not within {timeout * SLOW:.0f} s: {what}")


def to_yaml(value, indent=0):
    """The few forms that a configuration needs."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += [" " * indent + f"{key}:", to_yaml(item, indent + 2).rstrip("\n")]
        else:
            lines.append(" " * indent + f"{key}: {_scalar(item)}")
    return "\n".join(line for line in lines if line) + "\n"


def _scalar(item):
    if isinstance(item, list):
        return "[" + ", ".join(_scalar(one) for one in item) + "]"
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, str):
        return json.dumps(item, ensure_ascii=False)
    return str(item)


def merge(base, over):
    """base with over's members on top, section by section; None takes a member away."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


class Daemon(Client):
    """One running eidcached. Requests go to its TCP listener, orders to its UNIX socket."""

    def __init__(self, argv, env, socket, log):
        super().__init__("")
        self.socket, self.log_path = socket, log
        self._log = open(log, "wb")
        self.process = subprocess.Popen(argv, env=env, stdout=self._log, stderr=self._log,
                                        stdin=subprocess.DEVNULL)
        self.unix = Client("unix:" + socket)
        self.stopped = False

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_listening(self):
        def ports():
            assert self.process.poll() is None, "the daemon ended:\n" + self.log()
            return [where for where in LISTENING.findall(self.log()) if where[0] in "1["]
        self.where = poll("listening", lambda: ports() and os.path.exists(self.socket) and ports(),
                          timeout=60)[0]
        return self

    def wait_ready(self):
        self.wait_listening()
        poll("ready", lambda: self._alive() and self.get("/readyz").status == 200, timeout=60)
        return self

    def _alive(self):
        assert self.process.poll() is None, "the daemon ended:\n" + self.log()
        return True

    def settle(self):
        """Until the first refresh has ended, saving included; then the daemon itself."""
        self.wait_rounds(1)
        return self

    def wait_rounds(self, count):
        """Until that many refreshes of this process have ended."""
        poll(f"{count} refreshes", lambda: len(self.history()) >= count, timeout=60)
        return self.status_document()

    def history(self):
        return self.status_document()["refresh"]["history"]

    def refresh(self, query="wait=60s"):
        """Orders a refresh, waits for its end, and gives the status document after it."""
        answer = self.unix.post("/v1/refresh?" + query)
        assert answer.status == 200, answer  # 202: it goes on
        return self.status_document()

    def last_result(self):
        return self.status_document()["refresh"]["last_result"]

    def stop(self, how=signal.SIGTERM, expect=0):
        """Ends it and checks the exit code; a sanitizer's or valgrind's report is a failure."""
        if self.stopped:
            return self
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(20 * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("did not end within 20 s of its signal:\n" + self.log()) from None
        finally:
            self._log.close()
        text = self.log()
        assert not REPORTS.search(text), text
        assert code == expect, f"exit code {code}:\n{text}"
        assert SECRET not in text, "the secret key is in the log"
        return self


class Lab:
    """A folder with a names file, snapshots and a socket, and daemons that run on it."""

    def __init__(self, path):
        self.path = str(path)
        self.run_dir = tempfile.mkdtemp(prefix="eidc-")  # a socket's path must be short
        self.names_path = os.path.join(self.path, "names.txt")
        self.snapshots = os.path.join(self.path, "snapshots")
        self.aws = None
        self.daemons = []

    def names(self, names):
        """Replaces the names file as careful people do: by rename."""
        with open(self.names_path + ".new", "wb") as file:
            for name in names:
                file.write(name if isinstance(name, bytes) else name.encode())
                file.write(b"\n")
        os.replace(self.names_path + ".new", self.names_path)

    def config(self, **sections):
        base = {
            "http": {"listen": ["127.0.0.1:0", f"unix:{self.socket()}"]},
            "refresh": {"interval": "1h", "retry_min": "1s", "retry_max": "2s"},
            "snapshot": {"dir": self.snapshots},
            "log": {"level": "debug", "format": "text"},
        }
        if self.aws is not None:
            base["aws"] = {"region": "eu-west-1", "endpoint_url": self.aws.url,
                           "connect_timeout": "1s", "timeout": "5s"}
        if "sources" not in sections:
            base["sources"] = {"names": {"type": "file", "path": self.names_path}}
        return merge(base, sections)

    def socket(self):
        return os.path.join(self.run_dir, f"{len(self.daemons)}.sock")

    def write_config(self, config, name="eidcached.yaml"):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(config if isinstance(config, str) else to_yaml(config))
        return path

    def env(self, extra=None):
        env = {"PATH": os.environ["PATH"], "HOME": self.path, "LC_ALL": "C.UTF-8",
               "AWS_EC2_METADATA_DISABLED": "true", **AWS_ENV}
        env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        env.update(extra or {})
        return {name: value for name, value in env.items() if value is not None}

    def start(self, wait="ready", env=None, wrap=(), **sections):
        """Starts a daemon on the default configuration with these sections merged in.
        wait: ready, listening or None. wrap: a program that it is run by."""
        config = self.write_config(self.config(**sections), f"eidcached-{len(self.daemons)}.yaml")
        log = os.path.join(self.path, f"log-{len(self.daemons)}.txt")
        daemon = Daemon([*wrap, *WRAP, DAEMON, "--config", config], self.env(env), self.socket(),
                        log)
        daemon.config_path = config
        self.daemons.append(daemon)
        if wait == "ready":
            daemon.wait_ready()
        elif wait == "listening":
            daemon.wait_listening()
        return daemon

    def run(self, *arguments, env=None, timeout=120):
        """Runs the daemon's program to its end: (exit code, stdout, stderr) as one object."""
        return self._finish([*WRAP, DAEMON, *arguments], env, None, timeout)

    def once(self, env=None, timeout=120, **sections):
        config = self.write_config(self.config(**sections), "once.yaml")
        return self.run("--config", config, "--once", env=env, timeout=timeout)

    def ctl(self, daemon, *arguments, data=None, env=None):
        """Runs eidctl against a daemon (None: none)."""
        server = {"EIDCACHE_SERVER": "unix:" + daemon.socket} if daemon else {}
        return self._finish([CTL, *arguments], {**server, **(env or {})}, data, 120)

    def _finish(self, argv, env, data, timeout):
        done = subprocess.run(argv, env=self.env(env), input=data, capture_output=True,
                              timeout=timeout * SLOW, check=False)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode(errors="replace")
        assert not REPORTS.search(done.stderr), done.stderr
        assert done.returncode >= 0, f"died of signal {-done.returncode}: {done.stderr}"
        return done

    def close(self):
        try:
            for daemon in self.daemons:
                daemon.stop()
        finally:
            for daemon in self.daemons:
                if daemon.process.poll() is None:
                    daemon.process.kill()
                    daemon.process.wait()
            shutil.rmtree(self.run_dir, ignore_errors=True)
