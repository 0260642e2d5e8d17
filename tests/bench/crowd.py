"""How probes fare beside a crowd: idle connections, and clients that send a byte a second.

crowd.py DAEMON [--idle N] [--slow N] [--seconds N] [--max-connections N]: starts the daemon on a
names file of its own, prints what it saw, and fails when a probe took longer than 100 ms or the
daemon's memory grew by more than 128 MiB.
"""
import argparse
import http.client
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROBE_MAX_S = 0.100
GROWTH_MAX = 128 << 20
HEAD = b"GET /v1/forward/name1 HTTP/1.1\r\nHost: localhost\r\nX: "
CONFIG = """
http: {{listen: ["127.0.0.1:0"], max_connections: {connections}}}
sources: {{names: {{type: file, path: {names}}}}}
log: {{level: info}}
"""


class Server:
    def __init__(self, program, folder, connections):
        names = os.path.join(folder, "names.txt")
        with open(names, "w", encoding="utf-8") as file:
            file.writelines(f"name{i}\n" for i in range(1000))
        config = os.path.join(folder, "eidcached.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(connections=connections, names=names))
        self.log = os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program, "--config", config], stderr=log)
        self.port = self.find_port()

    def find_port(self):
        for _ in range(200):
            with open(self.log, encoding="utf-8") as log:
                found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read())
            if found:
                return int(found[1])
            time.sleep(0.05)
        raise SystemExit("the daemon does not listen")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, path):
        """The status, and the seconds from connecting to the whole answer."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, time.monotonic() - began


class Crowd:
    def __init__(self, server, idle, slow):
        self.server, self.idle, self.slow = server, [], []
        for _ in range(slow):
            self.slow.append(server.connect())
            self.slow[-1].sendall(HEAD)
        for _ in range(idle):
            self.idle.append(server.connect())

    def drip(self):
        for one in self.slow:
            try:
                one.send(b"a", socket.MSG_DONTWAIT)
            except OSError:
                pass  # was let go

    def still_open(self, sockets):
        with selectors.DefaultSelector() as selector:
            for one in sockets:
                selector.register(one, selectors.EVENT_READ)
            return len(sockets) - len(selector.select(0))


def watch(server, crowd, seconds):
    """The slowest probe of each path, while the crowd does what it does."""
    slowest = {"/livez": 0.0, "/readyz": 0.0}
    count = 0
    end = time.monotonic() + seconds
    next_drip = 0.0
    while time.monotonic() < end:
        if time.monotonic() >= next_drip:
            next_drip = time.monotonic() + 1
            crowd.drip()
        for path in slowest:
            status, took = server.ask(path)
            if status != 200:
                raise SystemExit(f"{path} answered {status}")
            slowest[path] = max(slowest[path], took)
            count += 1
        time.sleep(0.02)
    return slowest, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("daemon")
    parser.add_argument("--idle", type=int, default=9000)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--max-connections", type=int, default=1024)
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.daemon, folder, options.max_connections)
        try:
            server.ask("/livez")
            before = server.memory()
            crowd = Crowd(server, options.idle, options.slow)
            slowest, probes = watch(server, crowd, options.seconds)
            grown = server.memory() - before
            idle, slow = crowd.still_open(crowd.idle), crowd.still_open(crowd.slow)
        finally:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
    print(f"{options.idle} idle (still open {idle}), {options.slow} slow (still open {slow}), "
          f"http.max_connections {options.max_connections}")
    print(f"{probes} probes, slowest " +
          ", ".join(f"{path} {took * 1000:.1f} ms" for path, took in slowest.items()))
    print(f"memory {before / (1 << 20):.1f} MiB before, {grown / (1 << 20):.1f} MiB more")
    if max(slowest.values()) > PROBE_MAX_S or grown > GROWTH_MAX:
        sys.exit("beyond the limits")


if __name__ == "__main__":
    main()
