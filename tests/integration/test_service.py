"""The whole life of the service under a real systemd: start, reload, restart with its sockets and
its image kept, a hang, an end."""
import json
import os
import re
import subprocess
import time

import pytest

import machine as machines
from conftest import need
from harness import BUILD, eid, poll

URL = "http://127.0.0.1:8627"
UNIT = "eidcached.service"
CURL = "curl -s --noproxy '*' --max-time 5"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    need(not machines.missing(), machines.missing())
    made = machines.Machine(str(tmp_path_factory.mktemp("machine")))
    try:
        subprocess.run(["cmake", "--install", BUILD], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=made.root))
        made.boot()
        made.run("systemd-sysusers && systemd-tmpfiles --create", check=True)
        made.etc = os.path.dirname(made.run(
            f"sed -n 's/^ExecStart=.* --config //p' $(systemctl show {UNIT} -p FragmentPath "
            "--value)", check=True).stdout.strip())
        made.names = made.root + made.etc + "/names.txt"
        made.config = made.root + made.etc + "/eidcached.yaml"
        limits = f"/run/systemd/system/{UNIT}.d/tests.conf"  # many restarts, a short watchdog
        made.run(f"mkdir -p {os.path.dirname(limits)} && printf '%s\\n' "
                 f"'[Unit]' StartLimitIntervalSec=0 '[Service]' WatchdogSec=3 > {limits} && "
                 "systemctl daemon-reload", check=True)
        yield made
    finally:
        made.close()


def forward(machine, name):
    return machine.run(f"{CURL} -H 'Accept: text/plain' {URL}/v1/forward/{name}").stdout.strip()


def main_pid(machine):
    return machine.show(UNIT, "MainPID")["MainPID"]


def status(machine, *filters):
    return machine.run(f"{CURL} {URL}/v1/status", *filters).stdout


def test_start(machine):
    machine.run("systemctl enable eidcached.socket && systemctl start eidcached.socket", check=True)
    assert machine.show(UNIT, "ActiveState")["ActiveState"] == "inactive"
    began = time.monotonic()
    assert forward(machine, "sales") != ""  # a request starts it; before the first refresh 503
    poll("an answer", lambda: forward(machine, "sales") == eid("sales"))
    print(f"first answer, activation included: {time.monotonic() - began:.3f} s")
    assert machine.show(UNIT, "ActiveState", "User", "StatusText")["ActiveState"] == "active"
    poll("a status", lambda: "names" in machine.show(UNIT, "StatusText")["StatusText"])


def test_the_journal_has_priorities_and_the_generation(machine):
    def lines():
        text = machine.run(f"journalctl -q --no-pager -o json -u {UNIT} _COMM=eidcached").stdout
        return [json.loads(line) for line in text.splitlines()]
    served = poll("a line of a generation that is served", lambda: [
        line for line in lines() if line.get("EIDCACHED_GENERATION") == "1"])
    assert served[0]["PRIORITY"] == "6" and served[0]["SYSLOG_IDENTIFIER"] == "eidcached"
    assert not served[0]["MESSAGE"].startswith("<")


def test_it_runs_confined(machine):
    text = machine.run(f"cat /proc/{main_pid(machine)}/status", check=True).stdout
    fields = dict(line.split(":\t", 1) for line in text.splitlines())
    assert int(fields["Uid"].split()[0]) != 0
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


def test_the_group_may_use_the_socket(machine):
    assert machine.run("stat -c '%a %G' /run/eidcached/eidcached.sock",
                       check=True).stdout == "660 eidcache\n"
    assert "live" in machine.run(f"{CURL} --unix-socket /run/eidcached/eidcached.sock "
                                 "http://localhost/livez?verbose", check=True).stdout


def test_reload(machine):
    assert machine.run("systemctl reload eidcached").returncode == 0
    poll("the result", lambda: "reload: done" in machine.journal(UNIT))
    with open(machine.config, encoding="utf-8") as file:
        good = file.read()
    with open(machine.config, "w", encoding="utf-8") as file:
        file.write(good + "\nrefres:\n  interval: 5m\n")
    try:
        assert machine.run("systemctl reload eidcached").returncode != 0
        assert "did you mean refresh" in machine.journal(UNIT)
        assert forward(machine, "sales") == eid("sales")
    finally:
        with open(machine.config, "w", encoding="utf-8") as file:
            file.write(good)


def took_over(machine):
    return re.findall(r"serving generation (\d+) .* from the service manager's descriptor store",
                      machine.journal(UNIT))


def test_restart_keeps_the_image(machine):
    """With the names and the snapshots gone there is only what systemd kept."""
    before = status(machine)
    machine.run("mv /var/lib/private/eidcached /var/lib/private/away", check=True)
    os.rename(machine.names, machine.names + ".away")
    try:
        machine.run("systemctl restart eidcached", check=True)
        assert forward(machine, "sales") == eid("sales")
        assert took_over(machine)
        number = re.search(r'"number":(\d+)', before)[1]
        after = status(machine)
        assert re.search(r'"number":(\d+)', after)[1] == number
        verified = r'"verified_at":"([^"]+)"'
        assert re.search(verified, after)[1] == re.search(verified, before)[1]
    finally:
        os.rename(machine.names + ".away", machine.names)
        machine.run("rm -rf /var/lib/private/eidcached; "
                    "mv /var/lib/private/away /var/lib/private/eidcached", check=True)


def test_a_new_generation_takes_the_place_of_the_one_kept(machine):
    with open(machine.names, "a", encoding="utf-8") as file:
        file.write("added_later\n")
    machine.run("systemctl restart eidcached", check=True)
    poll("the new name", lambda: forward(machine, "added_later") == eid("added_later"))
    before = len(took_over(machine))
    poll("one image and its times kept",
         lambda: machine.show(UNIT, "NFileDescriptorStore")["NFileDescriptorStore"] == "2")
    machine.run("systemctl restart eidcached", check=True)
    assert forward(machine, "added_later") == eid("added_later")
    assert len(took_over(machine)) == before + 1


def test_restarts_lose_no_request(machine):
    """A client without retries, while the service restarts three times."""
    client = machine.spawn(
        "for i in $(seq 300); do "
        f"{CURL} -o /dev/null -w '%{{http_code}}\\n' {URL}/v1/forward/sales; done",
        stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        machine.run("systemctl restart eidcached", check=True)
    answers = client.communicate()[0].split()
    assert answers == ["200"] * 300, [a for a in answers if a != "200"]


def test_a_kill_and_a_hang_are_healed(machine):
    restarts = int(machine.show(UNIT, "NRestarts")["NRestarts"])
    machine.run(f"kill -KILL {main_pid(machine)}", check=True)
    poll("a restart", lambda: int(machine.show(UNIT, "NRestarts")["NRestarts"]) == restarts + 1)
    assert forward(machine, "sales") == eid("sales")
    machine.run(f"kill -STOP {main_pid(machine)}", check=True)  # the watchdog's 3 s
    poll("a restart by the watchdog",
         lambda: int(machine.show(UNIT, "NRestarts")["NRestarts"]) == restarts + 2, timeout=40)
    assert "atchdog" in machine.journal(UNIT)
    assert forward(machine, "sales") == eid("sales")
    assert len(took_over(machine)) >= 2


def test_from_exec_to_the_first_answer(machine):
    """The figure for people; that it answers is what is judged."""
    machine.run("systemctl restart eidcached", check=True)
    assert forward(machine, "sales") == eid("sales")
    started = machine.show(UNIT, "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    spent = (int(started["ActiveEnterTimestampMonotonic"]) -
             int(started["ExecMainStartTimestampMonotonic"])) / 1000
    print(f"from exec to READY=1: {spent:.1f} ms")
    assert spent > 0


@pytest.fixture
def credentials(machine):
    """The drop-in as it is installed, and files that root alone may read."""
    drop_in = f"/etc/systemd/system/{UNIT}.d"
    machine.run("umask 077; printf 's3cret\n' > {0}/token; openssl req -x509 -newkey ec -pkeyopt "
                "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext "
                "subjectAltName=IP:127.0.0.1 -keyout {0}/tls.key -out {0}/tls.crt; "
                "cp {0}/tls.crt /root".format(machine.etc), check=True)
    machine.run(f"mkdir -p {drop_in} && cp $(find /usr -name credentials.conf -path "
                f"'*/eidcached/*') {drop_in}/ && systemctl daemon-reload && "
                f"systemctl restart {UNIT}", check=True)
    yield
    machine.run(f"rm -r {drop_in} && systemctl daemon-reload && systemctl restart {UNIT}",
                check=True)


def test_credentials(machine, credentials):
    def ask(*more):
        return machine.run(f"{CURL} --cacert /root/tls.crt -o /dev/null -w '%{{http_code}}' "
                           f"{' '.join(more)} https://127.0.0.1:8627/v1/forward/sales").stdout
    bearer = "-H 'Authorization: Bearer s3cret'"
    poll("an answer", lambda: ask(bearer) == "200")
    assert ask() == "401"
    assert machine.run(f"{CURL} {URL}/livez").returncode != 0  # not in clear
    done = machine.journal(UNIT).count("reload: done")
    machine.run("systemctl reload eidcached", check=True)
    poll("a reload", lambda: machine.journal(UNIT).count("reload: done") == done + 1)
    assert ask(bearer) == "200"
    user = machine.run(f"stat -c %u /proc/{main_pid(machine)}", check=True).stdout.strip()
    assert user != "0"
    assert not machine.run(f"setpriv --reuid {user} --clear-groups cat {machine.etc}/token").stdout
    machine.run(f"systemd-analyze security --no-pager --threshold=11 {UNIT}", check=True)


def test_stop(machine):
    machine.run("systemctl stop eidcached.socket eidcached.service", check=True)
    shown = machine.show(UNIT, "ActiveState", "Result", "ExecMainStatus")
    assert (shown["ActiveState"], shown["Result"]) == ("inactive", "success"), shown
    assert machine.run(f"{CURL} {URL}/livez").returncode == 7
