"""Server CPU of one request, beside peers: bench_http.py TOOLS DAEMON [--seconds N] [--passes N]
[--names N] [--alone]. TOOLS is the folder with http_load, http_raw and http_go. Started by http.sh.

Every server runs with one serving thread. CPU is what the server's processes were charged in
/proc/PID/stat while http_load asked, over the answers that came.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

BATCH = 1000
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
ETAG = '"0123456789abcdef"'
RATE = 2000


def names(count):
    return [f"sales_db_{i % 997:04d}__orders_{i:07d}" for i in range(count)]


def wait_for(what, ready):
    for _ in range(400):
        if ready():
            return
        time.sleep(0.05)
    raise SystemExit(f"bench: {what} does not start")


def accepts(where):
    try:
        with dial(where):
            return True
    except OSError:
        return False


def dial(where):
    if where.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(where[5:])
        return connection
    return socket.create_connection(("127.0.0.1", int(where.rpartition(":")[2])))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server, in a session of its own, so that all of its processes are found."""

    title = ""

    def __init__(self, bench):
        self.bench, self.port = bench, free_port()
        self.tcp = f"127.0.0.1:{self.port}"
        self.unix = "unix:" + bench.path(type(self).__name__.lower() + ".sock")
        self.log = open(bench.path(type(self).__name__.lower() + ".log"), "wb")
        self.sessions = []
        self.start()
        for where in self.wheres():
            wait_for(f"{self.title} on {where}", lambda where=where: accepts(where))

    def wheres(self):
        return [self.tcp, self.unix]

    def spawn(self, *argv):
        process = subprocess.Popen(argv, stdout=self.log, stderr=self.log, cwd=self.bench.folder,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        self.sessions.append(process)

    def write(self, name, text):
        path = self.bench.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def cpu_us(self):
        ids = {process.pid for process in self.sessions}
        ticks = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) in ids:
                ticks += int(fields[11]) + int(fields[12])
        return ticks * TICK_US

    def stop(self):
        for process in self.sessions:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        self.log.close()

    def start(self):
        raise NotImplementedError


class Eidcached(Server):
    title = "eidcached"

    def start(self):
        config = self.write("eidcached.yaml", json.dumps({
            "http": {"listen": [self.tcp, self.unix], "threads": 1},
            "refresh": {"interval": "1h"}, "log": {"level": "warn"},
            "sources": {"names": {"type": "file", "path": self.bench.path("names.txt")}}}))
        self.spawn(self.bench.daemon, "--config", config)
        wait_for("eidcached's names", lambda: accepts(self.unix) and self.ready())

    def ready(self):
        with dial(self.unix) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(100).startswith(b"HTTP/1.1 200")


class Raw(Server):
    title = "raw epoll loop"

    def start(self):
        self.spawn(self.bench.tool("http_raw"), str(self.port), self.unix[5:],
                   self.bench.path("answer"))


class Nginx(Server):
    title = "nginx map"

    def start(self):
        self.write("names.map", "".join(f"{name} {eid};\n" for name, eid in self.bench.pairs()))
        config = self.write("nginx.conf", f"""
daemon off; worker_processes 1; pid {self.bench.path("nginx.pid")}; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; tcp_nodelay on; default_type application/json;
  map_hash_max_size {4 * self.bench.options.names}; map_hash_bucket_size 128;
  map $name $eid {{ default ""; include {self.bench.path("names.map")}; }}
  server {{
    listen {self.tcp} backlog=1024; listen {self.unix};
    location ~ ^/v1/forward/(?<name>.+)$ {{
      add_header X-Content-Type-Options nosniff; add_header Vary Accept;
      add_header ETag '{ETAG}'; add_header Eidcache-Generation 1; add_header Age 1;
      if ($eid = "") {{ return 404; }}
      return 200 '{{"name":"$name","eid":"$eid"}}\\n';
    }}
  }}
}}
""")
        self.spawn("/usr/sbin/nginx", "-e", "stderr", "-p", self.bench.folder, "-c", config)


class Haproxy(Server):
    title = "HAProxy map"

    def start(self):
        self.write("haproxy.map", "".join(f"{name} {eid}\n" for name, eid in self.bench.pairs()))
        key = "path,field(4,/)"
        config = self.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 1s
  timeout http-keep-alive 60s
frontend names
  bind {self.tcp}
  bind unix@{self.unix[5:]}
  http-request return status 200 content-type application/json hdr X-Content-Type-Options nosniff \
hdr Vary Accept hdr ETag {ETAG.replace('"', chr(92) + '"')} hdr Eidcache-Generation 1 hdr Age 1 \
lf-string '{{"name":"%[{key}]","eid":"%[{key},map_str({self.bench.path("haproxy.map")},none)]"}}'
""")
        self.spawn("/usr/sbin/haproxy", "-q", "-f", config)


class Redis(Server):
    title = "Redis HMGET"

    def start(self):
        self.spawn("/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", str(self.port),
                   "--unixsocket", self.unix[5:], "--save", "", "--appendonly", "no", "--dir",
                   self.bench.folder)
        wait_for("Redis", lambda: accepts(self.unix))
        self.fill()

    def fill(self):
        """Each pair as a field of one hash, and as a key of its own for webdis."""
        pairs = self.bench.pairs()
        for i in range(0, len(pairs), BATCH):
            words = [word for pair in pairs[i:i + BATCH] for word in pair]
            for command in (["HSET", "names", *words], ["MSET", *words]):
                with dial(self.unix) as connection:
                    connection.sendall(redis_command(command))
                    assert connection.recv(100)[:1] in b":+"


class Webdis(Redis):
    title = "webdis + Redis"

    def wheres(self):
        return [f"127.0.0.1:{self.port}"]

    def start(self):
        front, self.port = self.port, free_port()
        super().start()
        config = self.write("webdis.json", json.dumps({
            "redis_host": self.unix[5:], "http_host": "127.0.0.1", "http_port": front,
            "threads": 1, "pool_size": 20, "daemonize": False, "websockets": False,
            "database": 0, "verbosity": 0, "logfile": "/dev/null"}))
        self.port = front
        self.spawn("/usr/bin/webdis", config)


class Go(Server):
    title = "Go net/http"

    def start(self):
        text = "".join(f"{name} {eid}\n" for name, eid in self.bench.pairs())
        os.environ["GOMAXPROCS"] = "1"
        self.spawn(self.bench.tool("http_go"), str(self.port), self.unix[5:],
                   self.write("go.names", text))


def redis_command(words):
    return f"*{len(words)}\r\n".encode() + b"".join(
        b"$%d\r\n%s\r\n" % (len(word), word) for word in map(str.encode, words))


def http_get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def http_post(kind, body):
    return (f"POST /v1/forward HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.daemon = options, folder, options.daemon
        os.chmod(folder, 0o755)
        self.names = names(options.names)
        with open(self.path("names.txt"), "w", encoding="ascii") as file:
            file.writelines(name + "\n" for name in self.names)
        self.eids = [hashlib.sha256(name.encode()).hexdigest()[:32] for name in self.names]
        self.write_requests()

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        return os.path.join(self.options.tools, name)

    def pairs(self):
        return list(zip(self.names, self.eids))

    def write_requests(self):
        some = random.Random(1)
        sets = [some.choices(self.names, k=BATCH) for _ in range(32)]
        single = sets[0] + sets[1]
        self.write("single", [http_get("/v1/forward/" + name) for name in single])
        self.write("webdis", [http_get("/GET/" + name) for name in single])
        self.write("text", [http_post("text/plain", "".join(n + "\n" for n in s)) for s in sets])
        self.write("json", [http_post("application/json", json.dumps(s)) for s in sets])
        self.write("redis", [redis_command(["HMGET", "names", *s]) for s in sets])

    def write(self, name, requests):
        with open(self.path(name), "wb") as file:
            for request in requests:
                file.write(b"%d\n%s" % (len(request), request))

    def record_answer(self, server):
        """What eidcached answers, for the loop that always says the same."""
        with dial(server.unix) as connection:
            connection.sendall(http_get("/v1/forward/" + self.names[0]))
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        with open(self.path("answer"), "wb") as file:
            file.write(answer)

    def load(self, where, connections, rate, requests, seconds):
        done = subprocess.run([self.tool("http_load"), where, str(connections), str(rate),
                               str(seconds), self.path(requests)], check=True,
                              capture_output=True)
        answered, failed, half, most = map(int, done.stdout.split())
        if failed or not answered:
            raise SystemExit(f"bench: {where}: {failed} of {answered} answers were no good")
        return answered, half, most


class Cell:
    """One server asked in one way."""

    def __init__(self, server, requests, where, connections):
        self.server, self.requests = server, requests
        self.where, self.connections = where, connections
        self.cpu, self.rates = [], []

    def measure(self, bench):
        before = self.server.cpu_us()
        answered, _, _ = bench.load(self.where, self.connections, 0, self.requests,
                                    bench.options.seconds)
        self.cpu.append((self.server.cpu_us() - before) / answered)
        self.rates.append(answered / bench.options.seconds)

    @property
    def us(self):
        return statistics.median(self.cpu)


WAYS = [("TCP", 1), ("TCP", 64), ("UNIX", 1), ("UNIX", 64)]


def cells_of(server, requests):
    cells = {}
    for transport, connections in WAYS:
        where = server.tcp if transport == "TCP" else server.unix
        if where in server.wheres():
            cells[transport, connections] = Cell(server, requests, where, connections)
    return cells


def table(title, unit, rows):
    """rows: [(name, cells, per)]; the first is what the ratios are of."""
    print(f"\n### {title}\n")
    print(f"Server CPU, µs {unit}, and in brackets its ratio to eidcached's:\n")
    print("| server | " + " | ".join(f"{t}, {c} connection{'s' if c > 1 else ''}" for t, c in WAYS)
          + " |\n| --- |" + " ---: |" * len(WAYS))
    base = rows[0][1]
    for name, cells in rows:
        shown = [f"{cells[way].us:.1f} ({cells[way].us / base[way].us:.2f})" if way in cells else ""
                 for way in WAYS]
        print(f"| {name} | " + " | ".join(shown) + " |")


def latencies(bench, rows):
    print(f"\n### Latency of single look-ups at {RATE:,} a second, TCP, 64 connections\n")
    print("| server | half within, µs | 99 % within, µs |\n| --- | ---: | ---: |")
    for name, cells in rows:
        cell = cells["TCP", 64]
        _, half, most = bench.load(cell.where, 64, RATE, cell.requests, bench.options.seconds)
        print(f"| {name} | {half} | {most} |")


def targets(single, batch):
    """What DESIGN asks for, over the ways that both have."""
    def ratio(ours, theirs):
        ways = [way for way in WAYS if way in ours and way in theirs]
        return statistics.geometric_mean(ours[way].us / theirs[way].us for way in ways)

    def line(what, value, limit, least=False):
        held = value >= limit if least else value <= limit
        print(f"| {what} | {'at least' if least else 'at most'} {limit} | {value:.2f} | "
              f"{'reached' if held else 'missed'} |")

    print("\n### Targets\n\nGeometric means over transports and connections.\n")
    print("| what | target | measured | |\n| --- | ---: | ---: | --- |")
    for title, limit in (("nginx map", 1.0), ("raw epoll loop", 1.5), ("webdis + Redis", 0.5)):
        if title in single:
            line(f"single: CPU of {title}", ratio(single["eidcached"], single[title]), limit)
    if "Redis HMGET" in batch:
        for kind, least in (("text", 2.0), ("JSON", 1.0)):
            line(f"batch, {kind}: names a CPU second of Redis HMGET",
                 1 / ratio(batch[f"eidcached, {kind}"], batch["Redis HMGET"]), least, True)


def run(bench):
    ours = Eidcached(bench)
    servers = [ours]
    try:
        bench.record_answer(ours)
        single = {"eidcached": cells_of(ours, "single")}
        batch = {"eidcached, text": cells_of(ours, "text"),
                 "eidcached, JSON": cells_of(ours, "json")}
        for kind in [] if bench.options.alone else [Raw, Nginx, Haproxy, Webdis, Go]:
            servers.append(kind(bench))
            requests = "webdis" if kind is Webdis else "single"
            single[kind.title] = cells_of(servers[-1], requests)
        if not bench.options.alone:
            batch["Go net/http, text"] = cells_of(servers[-1], "text")
            batch["Go net/http, JSON"] = cells_of(servers[-1], "json")
            servers.append(Redis(bench))
            batch["Redis HMGET"] = cells_of(servers[-1], "redis")
        for _ in range(bench.options.passes):
            for cells in [*single.values(), *batch.values()]:
                for cell in cells.values():
                    cell.measure(bench)
        table("Single look-ups", "a request", list(single.items()))
        table(f"Batches of {BATCH:,} names", "a batch", list(batch.items()))
        latencies(bench, list(single.items()))
        targets(single, batch)
    finally:
        for server in servers:
            server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tools")
    parser.add_argument("daemon")
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--names", type=int, default=100000)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    options.tools, options.daemon = map(os.path.abspath, (options.tools, options.daemon))
    folder = tempfile.mkdtemp(prefix="eidc-bench-")
    try:
        run(Bench(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
