"""TLS and mutual TLS: which versions, whose certificates, and what a rotation does to clients."""
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from client import Client
from harness import eid, poll

NAMES = ["sales", "orders"]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """Makes certificates in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = str(folder), name
        self.cert, self.key = self.path(name + ".crt"), self.path(name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", self.key,
                "-out", self.cert)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, usage="serverAuth", serial=None, extra=()):
        """(certificate, key) of a subject."""
        cert, key = self.path(name + ".crt"), self.path(name + ".key")
        request, rules = self.path(name + ".csr"), self.path(name + ".ext")
        with open(rules, "w", encoding="ascii") as file:
            file.write(f"extendedKeyUsage={usage}\nsubjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-days", "2",
                "-set_serial", str(serial or 1), "-extfile", rules, "-out", cert, *extra)
        return cert, key


@pytest.fixture(name="ca", scope="module")
def _ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "servers")


@pytest.fixture(name="server", scope="module")
def _server(ca):
    return ca.issue("localhost", serial=11)


@pytest.fixture(name="clients", scope="module")
def _clients(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("clients"), "clients")


def trusting(ca, client=None, version=None):
    context = ssl.create_default_context(cafile=ca.cert)
    if version:
        context.minimum_version = context.maximum_version = version
    if client:
        context.load_cert_chain(*client)
    return context


def connect(daemon, context):
    host, _, port = daemon.where.rpartition(":")
    raw = socket.create_connection((host, int(port)), timeout=20)
    try:
        return context.wrap_socket(raw, server_hostname="localhost")
    except OSError:
        raw.close()
        raise


def ask(daemon, context, target="/v1/forward/sales"):
    """The answer's bytes, or an OSError (ssl.SSLError is one)."""
    with connect(daemon, context) as tls:
        tls.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .encode())
        got = b""
        while part := tls.recv(65536):
            got += part
    return got


def let_in(daemon, context):
    """In TLS 1.3 a client believes that it is in until it reads: then nothing comes."""
    try:
        return ask(daemon, context) != b""
    except OSError:
        return False


def serial(daemon, context):
    with connect(daemon, context) as tls:
        return int(tls.getpeercert()["serialNumber"], 16)


def start(lab, server, **http):
    """TLS has no plain probe over TCP: readiness is asked for over the UNIX socket."""
    lab.names(NAMES)
    daemon = lab.start(wait="listening",
                       http={"tls_cert": server[0], "tls_key": server[1], **http})
    poll("ready", lambda: daemon.unix.get("/readyz").status == 200)
    return daemon


def replace(path, source):
    """As careful tools do: beside it, then over it."""
    with open(source, "rb") as file, open(path + ".new", "wb") as fresh:
        fresh.write(file.read())
    os.replace(path + ".new", path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_spoken(lab, ca, server, version):
    daemon = start(lab, server)
    with connect(daemon, trusting(ca, version=version)) as tls:
        assert tls.version() == version.name.replace("_", ".")
        assert "GCM" in tls.cipher()[0] or "CHACHA20" in tls.cipher()[0]
    answer = ask(daemon, trusting(ca, version=version))
    assert answer.startswith(b"HTTP/1.1 200 ") and eid("sales").encode() in answer


def cpu_s(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("beginning", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_a_handshake_that_never_ends_does(lab, server, beginning):
    daemon = start(lab, server, idle_timeout="1s", max_connections=4)
    host, _, port = daemon.where.rpartition(":")
    silent = [socket.create_connection((host, int(port)), timeout=20) for _ in range(8)]
    for client in silent:
        client.sendall(beginning)
    assert all(client.recv(1) == b"" for client in silent)
    poll("nobody but who asks is connected",
         lambda: daemon.unix.metrics()["eidcached_http_connections"] == 1)
    before = cpu_s(daemon)
    time.sleep(1)
    assert cpu_s(daemon) - before < 0.5, "a serving thread turns without end"


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_versions_that_are_not(lab, server, version):
    daemon = start(lab, server)
    done = subprocess.run(["openssl", "s_client", "-connect", daemon.where, version, "-cipher",
                           "ALL:@SECLEVEL=0"], input=b"", capture_output=True, check=False)
    assert done.returncode != 0 and b"CONNECTED" in done.stdout
    assert b"no peer certificate available" in done.stdout  # the server ended it, at once
    assert b"no protocols available" not in done.stderr  # the client did not
    assert daemon.unix.get("/livez").status == 200


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"])
def test_ciphers_without_secrecy_or_authentication_are_refused(lab, server, cipher):
    daemon = start(lab, server)
    done = subprocess.run(["openssl", "s_client", "-connect", daemon.where, "-tls1_2", "-cipher",
                           cipher + ":@SECLEVEL=0"], input=b"", capture_output=True, check=False)
    assert done.returncode != 0


def test_the_unix_socket_stays_in_clear_and_tcp_does_not(lab, ca, server):
    daemon = start(lab, server)
    assert daemon.unix.forward("sales").json["eid"] == eid("sales")
    with pytest.raises(OSError):
        daemon.get("/livez")
    assert ask(daemon, trusting(ca), "/livez").startswith(b"HTTP/1.1 200 ")
    assert "(TLS)" in daemon.log()


def test_a_stranger_is_not_trusted(lab, clients, server):
    daemon = start(lab, server)
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(daemon, trusting(clients))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_certificates(lab, ca, clients, server, version):
    daemon = start(lab, server, tls_client_ca=clients.cert)
    good = clients.issue("reader", "clientAuth")
    assert ask(daemon, trusting(ca, good, version)).startswith(b"HTTP/1.1 200 ")
    refused = {
        "none": None,
        "another authority's": ca.issue("foreign", "clientAuth"),
        "a server's": clients.issue("no-client", "serverAuth"),
        "its own authority": Authority(lab.path, "self").issue("own", "clientAuth"),
    }
    for why, client in refused.items():
        assert not let_in(daemon, trusting(ca, client, version)), why
    assert daemon.unix.get("/livez").status == 200
    assert ask(daemon, trusting(ca, good, version)).startswith(b"HTTP/1.1 200 ")


def test_an_expired_client_is_refused(lab, ca, clients, server):
    daemon = start(lab, server, tls_client_ca=clients.cert)
    past = clients.issue("late", "clientAuth", extra=["-days", "-1"])
    assert not let_in(daemon, trusting(ca, past))


def read_answer(tls):
    """One answer of a connection that is kept."""
    got = b""
    while not got.endswith(b"}\n") and (part := tls.recv(65536)):
        got += part
    return got


class Load(threading.Thread):
    """Clients that ask without a pause: on kept connections, and each time on a new one."""

    def __init__(self, daemon, context):
        super().__init__()
        self.daemon_under_load, self.context = daemon, context
        self.answers, self.failures = 0, []
        self.stop = threading.Event()

    def check(self, answer, what):
        self.answers += 1
        if not answer.startswith(b"HTTP/1.1 200 ") or eid("sales").encode() not in answer:
            self.failures.append((what, answer))

    def run(self):
        request = b"GET /v1/forward/sales HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with connect(self.daemon_under_load, self.context) as kept:
            while not self.stop.is_set():
                try:
                    kept.sendall(request)
                    self.check(read_answer(kept), "a kept connection")
                    self.check(ask(self.daemon_under_load, self.context), "a new connection")
                except OSError as error:
                    self.failures.append(error)
                    return


def test_rotation_under_load(lab, ca, server):
    cert, key = os.path.join(lab.path, "tls.crt"), os.path.join(lab.path, "tls.key")
    replace(cert, server[0])
    replace(key, server[1])
    daemon = start(lab, (cert, key))
    assert serial(daemon, trusting(ca)) == 11
    loads = [Load(daemon, trusting(ca)) for _ in range(3)]
    for load in loads:
        load.start()
    for number in (21, 22, 23):
        fresh = ca.issue(f"fresh-{number}", serial=number)
        replace(cert, fresh[0])  # a moment without its key
        time.sleep(0.3)
        replace(key, fresh[1])
        poll(f"certificate {number}", lambda: serial(daemon, trusting(ca)) == number)
    for load in loads:
        load.stop.set()
    for load in loads:
        load.join()
        assert not load.failures, load.failures
    assert sum(load.answers for load in loads) > 50
    assert "the TLS certificate was read again" in daemon.log()


def test_a_bad_replacement_changes_nothing(lab, ca, server):
    cert, key = os.path.join(lab.path, "tls.crt"), os.path.join(lab.path, "tls.key")
    replace(cert, server[0])
    replace(key, server[1])
    daemon = start(lab, (cert, key))
    replace(cert, lab.names_path)
    poll("a complaint", lambda: ask(daemon, trusting(ca)) and
         "the TLS certificate of before stays" in daemon.log())
    assert serial(daemon, trusting(ca)) == 11
    replace(cert, ca.issue("mended", serial=31)[0])
    replace(key, ca.path("mended.key"))
    poll("the mended one", lambda: serial(daemon, trusting(ca)) == 31)


def test_an_expired_certificate_is_told_once_it_is_served(lab, ca, clients):
    cert, authority = os.path.join(lab.path, "tls.crt"), os.path.join(lab.path, "clients.crt")
    late, key = ca.issue("late", extra=["-days", "-1"])
    replace(cert, ca.issue("early")[0])
    replace(authority, clients.cert)
    daemon = start(lab, (cert, ca.path("early.key")), tls_client_ca=authority)
    trusted = trusting(ca, clients.issue("anyone", "clientAuth"))

    def tries():
        let_in(daemon, trusted)
        return daemon.log()
    replace(authority, lab.names_path)
    replace(cert, late)
    replace(ca.path("early.key"), key)
    poll("a complaint", lambda: "the TLS certificate of before stays" in tries())
    end = time.monotonic() + 2.5
    while time.monotonic() < end:  # it is tried again each second
        tries()
        time.sleep(0.1)
    assert "has expired" not in daemon.log()
    replace(authority, clients.cert)
    poll("it is served", lambda: "the TLS certificate was read again" in tries())
    assert daemon.log().count("has expired") == 1


def refusals(lab, http):
    """What --check-config and a start say; both must refuse."""
    lab.names(NAMES)
    config = lab.write_config(lab.config(http=http), "bad.yaml")
    check = lab.run("--config", config, "--check-config")
    begun = lab.run("--config", config)
    assert check.returncode == begun.returncode == 1, (check, begun)
    return check.stderr, begun.stderr


def test_bad_files_are_told(lab, ca, clients, server):
    other = ca.issue("other")
    missing = os.path.join(lab.path, "missing.crt")
    lab.names(NAMES)
    encrypted = os.path.join(lab.path, "encrypted.key")
    openssl("pkey", "-in", server[1], "-aes256", "-passout", "pass:x", "-out", encrypted)
    long = os.path.join(lab.path, "long.crt")
    with open(server[0], "rb") as own, open(ca.cert, "rb") as issuer, open(long, "wb") as file:
        file.write(own.read() + 16 * issuer.read())
    cases = [
        ({"tls_cert": server[0]}, "http.tls_cert", "needs http.tls_key"),
        ({"tls_key": server[1]}, "http.tls_key", "needs http.tls_cert"),
        ({"tls_client_ca": clients.cert}, "http.tls_client_ca", "needs http.tls_cert"),
        ({"tls_cert": missing, "tls_key": server[1]}, "http.tls_cert", missing),
        ({"tls_cert": server[0], "tls_key": other[1]}, "http.tls_key", "is not the key of"),
        ({"tls_cert": server[1], "tls_key": server[1]}, "http.tls_cert", "holds no certificate"),
        ({"tls_cert": long, "tls_key": server[1]}, "http.tls_cert", "more than 16 certificates"),
        ({"tls_cert": server[0], "tls_key": server[0]}, "http.tls_key", "holds no private key"),
        ({"tls_cert": server[0], "tls_key": encrypted}, "http.tls_key", "is encrypted"),
        ({"tls_cert": server[0], "tls_key": server[1], "tls_client_ca": lab.names_path},
         "http.tls_client_ca", "holds no certificate"),
    ]
    for http, option, what in cases:
        for said in refusals(lab, http):
            assert option in said and what in said, said


def test_eidctl_over_tls(lab, ca, clients, server):
    daemon = start(lab, server, tls_client_ca=clients.cert)
    cert, key = clients.issue("operator", "clientAuth")
    url = "https://" + daemon.where
    done = lab.ctl(None, "forward", "sales", "--server", url, "--ca", ca.cert, "--cert", cert,
                   "--key", key)
    assert done.returncode == 0 and done.stdout.strip() == eid("sales"), done
    done = lab.ctl(None, "wait-ready", "--server", url, "--ca", ca.cert, "--cert", cert,
                   "--key", key)
    assert done.returncode == 0, done
    for server_url, arguments, advice in ((url, ["--ca", ca.cert], "see --cert"),
                                          (url, ["--cert", cert, "--key", key], "see --ca"),
                                          (url, ["--ca", lab.names_path], "--ca: "),
                                          (url, ["--cert", lab.names_path], "--cert and --key?"),
                                          (url, ["--cert", cert, "--key", ca.cert], "and --key?"),
                                          ("http://" + daemon.where, [], "see --server https:")):
        done = lab.ctl(None, "health", "--server", server_url, *arguments)
        assert done.returncode == 1 and advice in done.stderr, done
    assert Client("unix:" + daemon.socket).get("/livez").status == 200


# --- the other side: AWS over TLS -----------------------------------------------------------------


def pour(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def relay(listener, context, where):
    """Ends TLS in front of a server without, until the listener is closed."""
    host, port = where.split(":")
    while True:
        try:
            plain = listener.accept()[0]
        except OSError:
            return
        try:
            inner = context.wrap_socket(plain, server_side=True)
        except OSError:  # a client that does not trust us
            continue
        outer = socket.create_connection((host, int(port)))
        for ends in ((inner, outer), (outer, inner)):
            threading.Thread(target=pour, args=ends, daemon=True).start()


@pytest.fixture(name="https")
def _https(aws, server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=relay, args=(listener, context, aws.where), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


AWS_SOURCE = {"prod": {"type": "aws", "list": "glue.databases"}}


def test_aws_is_trusted_by_the_bundle_that_its_tools_use(lab, aws, ca, https):
    aws.set(databases=3)
    with open(lab.path + "/config", "w", encoding="utf-8") as file:
        file.write(f"[profile work]\nca_bundle = {ca.cert}\n")
    for env, settings in (({"AWS_CA_BUNDLE": ca.cert}, {}),
                          ({"AWS_CA_BUNDLE": "/nonexistent"}, {"ca_bundle": ca.cert}),
                          ({"AWS_CONFIG_FILE": lab.path + "/config", "AWS_PROFILE": "work"}, {})):
        done = lab.once(sources=AWS_SOURCE, aws={"endpoint_url": https, **settings}, env=env)
        assert done.returncode == 0, done.stderr


def test_aws_is_not_trusted_without(lab, aws, clients, https):
    aws.set(databases=3)
    for env in ({}, {"AWS_CA_BUNDLE": clients.cert}):
        done = lab.once(sources=AWS_SOURCE, env=env,
                        aws={"endpoint_url": https, "max_attempts": 1})
        assert done.returncode == 1
        assert "certificate" in done.stderr
    assert aws.calls("GetDatabases") == 0
