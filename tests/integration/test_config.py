"""The configuration: what is wrong is said with file, line and column, all of it at once."""
import base64
import hashlib
import hmac
import os
import re
import signal
import subprocess
import time

import pytest

from harness import DAEMON, SOURCE, eid, poll

GOOD = "sources:\n  names:\n    type: file\n    path: /tmp/names.txt\n"


def check(lab, text, env=None):
    return lab.run("--check-config", "--config", lab.write_config(text), env=env)


def test_a_good_one_is_printed_whole_and_loads_to_the_same(lab):
    first = check(lab, GOOD + "refresh:\n  interval: 7m\n  max_shrink: 15%\n")
    assert first.returncode == 0, first.stderr
    assert "interval: 7m" in first.stdout and "15%" in first.stdout
    second = check(lab, first.stdout)
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout


BAD = [
    ("refresh:\n  intervall: 5m\n", 2, "refresh.interval"),
    ("refrsh:\n  interval: 5m\n", 2, "refresh.interval"),
    ("refresh:\n  interval: soon\n", 2, "interval"),
    ("refresh:\n  interval: -5m\n", 2, "interval"),
    ("refresh:\n  max_shrink: 110%\n", 2, "max_shrink"),
    ("refresh:\n  max_shrink: lots\n", 2, "max_shrink"),
    ("refresh:\n  interval: 5m\n  interval: 6m\n", 3, "interval"),
    ("refresh: 5m\n", 1, "refresh"),
    ("eid:\n  bits: 12\n", 2, "bits"),
    ("eid:\n  bits: 512\n", 2, "bits"),
    ("eid:\n  algorithm: rot13\n", 2, "rot13"),
    ("eid:\n  encoding: base58\n", 2, "encoding"),
    ("eid:\n  on_collision: maybe\n", 2, "on_collision"),
    ("http:\n  listen: [nowhere]\n", 2, "listen"),
    ("http:\n  listen: ['127.0.0.1:99999']\n", 2, "listen"),
    ("http:\n  max_body: 5 X\n", 2, "max_body"),
    ("snapshot:\n  s3: http://bucket\n", 2, "s3"),
    ("snapshot:\n  addressing: sideways\n", 2, "addressing"),
    ("log:\n  level: loud\n", 2, "level"),
    ("sources:\n  a:\n    type: carrier_pigeon\n", 3, "type"),
    ("sources:\n  a:\n    type: file\n", 2, "path"),
    ("sources:\n  a:\n    type: aws\n    list: glue.tabels\n", 4, "glue.tables"),
    ("sources:\n  a:\n    type: aws\n    list: glue.tables\n    name: '{colour}'\n", 5, "colour"),
    ("sources:\n  a:\n    type: aws\n    list: glue.tables\n    eid: rot13\n", 5, "eid"),
    ("sources:\n  a:\n    type: file\n    path: x\n    colour: red\n", 5, "colour"),
    ("refresh:\n\tinterval: 5m\n", 2, ""),
    ("refresh: [1, 2\n", None, ""),
    ("- a\n- b\n", 1, ""),
    ("a: &x\n  b: *x\n", None, ""),
    ("\x00", None, ""),
]


@pytest.mark.parametrize("text,line,word", BAD)
def test_a_bad_one_is_refused_with_its_place(lab, text, line, word):
    done = check(lab, text if "sources" in text or line is None else text + GOOD)
    assert done.returncode not in (0, 3)
    place = re.search(r"eidcached\.yaml:(\d+):(\d+): ", done.stderr)
    if line is not None:
        assert place and int(place[1]) == line, done.stderr
    assert word in done.stderr


def test_all_problems_at_once(lab):
    done = check(lab, "refresh:\n  intervall: 5m\neid:\n  bits: 12\nlog:\n  level: loud\n" + GOOD)
    assert len(re.findall(r"eidcached\.yaml:\d+:\d+: ", done.stderr)) == 3


def test_the_environment_wins(lab):
    done = check(lab, GOOD + "refresh:\n  interval: 7m\n", env={
        "EIDCACHED_REFRESH_INTERVAL": "9m", "EIDCACHED_HTTP_LISTEN": "127.0.0.1:1,127.0.0.1:2"})
    assert done.returncode == 0, done.stderr
    assert "interval: 9m" in done.stdout
    assert "127.0.0.1:1" in done.stdout and "127.0.0.1:2" in done.stdout


@pytest.mark.parametrize("env", [{"EIDCACHED_REFRESH_INTERVALL": "9m"},
                                 {"EIDCACHED_REFRESH_INTERVAL": "soon"}])
def test_a_bad_environment_is_refused(lab, env):
    done = check(lab, GOOD, env=env)
    assert done.returncode != 0
    assert next(iter(env)) in done.stderr


def test_no_such_file(lab):
    done = lab.run("--check-config", "--config", lab.path + "/none.yaml")
    assert done.returncode != 0
    assert "none.yaml" in done.stderr
    assert "--print-sample-config > FILE" in done.stderr


@pytest.mark.parametrize("text,word", [
    ("eid:\n  key_file: /nowhere/key\n" + GOOD, "eid.key_file"),
    ("http:\n  token_file: /nowhere/token\n" + GOOD, "http.token_file"),
    ("sources:\n  cat:\n    type: aws\n    list: glue.tables\n", "sources.cat: no region"),
])
def test_a_check_finds_what_a_start_would_refuse(lab, text, word):
    done = check(lab, text, env={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    assert done.returncode == 1 and done.stdout == ""
    assert word in done.stderr and "1 problem\n" in done.stderr


def test_what_a_start_would_refuse_is_told_with_the_rest(lab):
    lab.names(["one"])
    text = ("http: {token_file: /nope/token, tls_cert: /nope/x, tls_key: /nope/y, threads: many}\n"
            "eid: {key_file: /nope/key}\nsources: {cat: {type: aws, list: glue.tables}}\n")
    done = check(lab, text, env={"AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    assert done.returncode == 1
    assert "the configuration has 6 problems\n" in done.stderr
    for place in ("1:20: http.token_file: ", "1:43: http.tls_cert: ", "1:61: http.tls_key: ",
                  "1:79: http.threads: ", "2:17: eid.key_file: ", "3:11: sources.cat: no region"):
        assert f"eidcached.yaml:{place}" in done.stderr


def test_what_may_come_later_is_a_warning(lab):
    lab.names(["one"])
    config = lab.config(snapshot={"dir": lab.names_path + "/x"}, sources={
        "names": {"type": "file", "path": lab.path + "/gone"}})
    done = lab.run("--check-config", "--config", lab.write_config(config))
    assert done.returncode == 0 and "path: " in done.stdout
    assert len(re.findall(r" warn +\S+eidcached\.yaml:\d+:\d+: (sources\.names\.path|snapshot\.dir)"
                          r": cannot ", done.stderr)) == 2, done.stderr
    done = lab.run("--check-config", "--config", lab.write_config(lab.config()))
    assert done.returncode == 0 and done.stderr == ""


def test_no_sources_is_said(lab):
    done = check(lab, "refresh:\n  interval: 5m\n")
    assert done.returncode != 0
    assert "sources" in done.stderr


def test_the_sample_and_the_help(lab):
    sample = lab.run("--print-sample-config")
    assert sample.returncode == 0
    with open(os.path.join(SOURCE, "config/eidcached.yaml"), encoding="utf-8") as file:
        assert sample.stdout == file.read()
    done = check(lab, sample.stdout)
    assert done.returncode == 0, done.stderr
    text = lab.run("--help-config").stdout
    for option in ("refresh.interval", "snapshot.s3", "http.listen", "eid.bits", "aws.region"):
        assert option in text


def test_usage(lab):
    for arguments in (["--colour"], ["stray"], ["--config"]):
        done = lab.run(*arguments)
        assert done.returncode == 2 and done.stderr
    assert "--once" in lab.run("--help").stdout
    for option in ("--version", "-V"):
        assert re.fullmatch(r"eidcached \d+\.\d+\.\d+\n", lab.run(option).stdout)


def test_two_modes_are_refused(lab):
    lab.names(["one"])
    path = lab.write_config(lab.config(), "modes.yaml")
    for modes in (["--check-config", "--once"], ["--once", "--check-config"]):
        done = lab.run(*modes, "--config", path)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr == f"eidcached: {modes[0]} and {modes[1]} exclude each other\n"
    assert not os.path.exists(lab.snapshots)
    assert lab.run("--once", "--help-config").returncode == 2
    assert lab.run("--check-config", "--check-config", "--config", path).returncode == 0


def test_a_port_that_is_taken_is_said(lab):
    lab.names(["one"])
    daemon = lab.start()
    second = lab.run("--config", lab.write_config(
        lab.config(http={"listen": [daemon.where]}), "second.yaml"))
    assert second.returncode == 1
    assert daemon.where in second.stderr


def test_a_daemon_that_saves_nothing_says_so(lab):
    lab.names(["one"])
    nothing = "nothing will be saved: neither snapshot.dir nor snapshot.s3 is set"
    assert nothing in lab.start(snapshot={"dir": ""}).log()
    assert nothing not in lab.start().log()
    assert lab.once(snapshot={"dir": ""}).stderr.count(nothing) == 1


def test_sighup_takes_a_good_configuration_over(lab):
    lab.names(["one"])
    daemon = lab.start()
    with open(lab.path + "/other.txt", "w", encoding="utf-8") as file:
        file.write("two\n")
    lab.write_config(lab.config(
        http={"listen": ["127.0.0.1:0", "unix:" + daemon.socket]},
        sources={"names": {"type": "file", "path": lab.path + "/other.txt"}}), "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    poll("the new source", lambda: daemon.forward("two").status == 200)
    assert daemon.forward("two").json["eid"] == eid("two")
    assert daemon.get("/livez").status == 200


def test_sighup_says_what_waits_for_a_restart(lab):
    lab.names(["one"])
    daemon = lab.start()
    settings = {"listen": ["127.0.0.1:0", "unix:" + daemon.socket]}
    lab.write_config(lab.config(http={**settings, "threads": 3, "max_body": "1M"},
                                refresh={"interval": "2h"}), "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    poll("the reload", lambda: "reload: done" in daemon.log())
    assert "reload: these take effect at a restart: http.threads, http.max_body\n" in daemon.log()
    lab.write_config(lab.config(http=settings), "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    poll("the other reload", lambda: daemon.log().count("reload: done") == 2)
    assert daemon.log().count("take effect at a restart") == 1


def test_sighup_that_changes_eids_is_refused_whole(lab):
    lab.names(["one"])
    daemon = lab.start()
    lab.write_config(lab.config(http={"listen": ["127.0.0.1:0", "unix:" + daemon.socket]},
                                eid={"bits": 64}, sources={"names": {
                                    "type": "file", "path": lab.path + "/other.txt"}}),
                     "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    poll("a word about it", lambda: "reload: failed" in daemon.log())
    assert "the eid options make other EIDs now: restart to change them" in daemon.log()
    lab.names(["one", "two"])
    assert daemon.refresh()["refresh"]["last_result"] == "ok"
    assert daemon.forward("two").json["eid"] == eid("two")


def test_sighup_with_a_bad_one_changes_nothing(lab):
    lab.names(["one"])
    daemon = lab.start()
    lab.write_config("refresh:\n  intervall: 5m\n", "eidcached-0.yaml")
    daemon.process.send_signal(signal.SIGHUP)
    poll("a word about it", lambda: "refresh.intervall" in daemon.log())
    time.sleep(0.3)
    assert daemon.forward("one").status == 200
    lab.names(["one", "two"])
    assert daemon.refresh()["refresh"]["last_result"] == "ok"
    assert daemon.forward("two").status == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_stop(lab, how):
    lab.names(["one"])
    lab.start().stop(how)


def test_eid_options(lab):
    lab.names(["sales"])
    digest = hashlib.sha512(b"sales").digest()[:20]
    daemon = lab.start(eid={"algorithm": "sha512", "bits": 160, "encoding": "base32",
                            "prefix": "e-"})
    want = "e-" + base64.b32encode(digest).decode().lower().rstrip("=")
    assert daemon.forward("sales").json["eid"] == want
    assert daemon.reverse(want).json["name"] == "sales"
    lab.snapshots += "-2"
    with open(lab.path + "/key", "wb") as file:
        file.write(b"a secret key of some length")
    daemon = lab.start(eid={"key_file": lab.path + "/key", "encoding": "base64url"})
    mac = hmac.new(b"a secret key of some length", b"sales", "sha256").digest()[:16]
    want = base64.urlsafe_b64encode(mac).decode().rstrip("=")
    assert daemon.forward("sales").json["eid"] == want


def test_collisions_fail_or_are_kept(lab):
    """Two names whose 32-bit EIDs are the same, found by trying a hundred thousand."""
    seen, pair = {}, None
    for number in range(400_000):
        name = f"n{number}"
        short = hashlib.sha256(name.encode()).hexdigest()[:8]
        if short in seen:
            pair = (seen[short], name)
            break
        seen[short] = name
    lab.names(["calm", *pair])
    daemon = lab.start(wait="listening", eid={"bits": 32})
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert pair[0] in status["refresh"]["last_error"]
    assert pair[1] in status["refresh"]["last_error"]
    lab.snapshots += "-2"
    daemon = lab.start(eid={"bits": 32, "on_collision": "keep"})
    found = daemon.reverse(hashlib.sha256(pair[0].encode()).hexdigest()[:8])
    assert found.json["names"] == sorted(pair)
    assert found.json["name"] == min(pair)


@pytest.mark.parametrize("option", ["--check-config", "--once", "--version", "--help",
                                    "--print-sample-config"])
def test_a_full_disk_is_no_success(lab, option):
    lab.names(["a"])
    command = [DAEMON, "--config", lab.write_config(lab.config()), option]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, env=lab.env({}), stdout=full, stderr=subprocess.PIPE,
                              check=False)
    assert done.returncode == 1
    assert b"cannot write to standard output: No space left on device" in done.stderr
