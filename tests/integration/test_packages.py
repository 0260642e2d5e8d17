"""The Debian packages: what lintian says of them, that two builds are the same bytes, and their
life on a machine of its own: install, upgrade under load, downgrade, removal, purge."""
import filecmp
import os
import shutil
import subprocess
import time

import pytest

import machine as machines
from conftest import need
from harness import SOURCE, eid, poll

URL = "http://127.0.0.1:8627"
UNITS = ["eidcached.service", "eidcached.socket"]
CURL = "curl -s --noproxy '*' --max-time 20"
EPOCH = "1700000000"
OLD, NEW = "0.0.9", "0.1.0"
PARTS = ["CMakeLists.txt", "CHANGELOG.md", "LICENSE", "README.md", "cmake", "config", "docs",
         "include", "src", "systemd"]
# one build differs in all that may differ
PLACES = [{"name": "one", "umask": 0o022, "env": {"TZ": "UTC", "LC_ALL": "C"}},
          {"name": "another/place", "umask": 0o077, "env": {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8",
                                                           "HOME": "/nonexistent"}}]


def run(argv, place, **more):
    env = dict(os.environ, SOURCE_DATE_EPOCH=EPOCH, **place["env"])
    done = subprocess.run(argv, env=env, umask=place["umask"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(argv)}\n{done.stdout[-4000:]}")
    return done.stdout


def build(place, top):
    """A copy of the source somewhere, and its build in a folder beside it."""
    base = os.path.join(top, place["name"])
    source = base + "/source"
    os.makedirs(source)
    run(["cp", "-r", *(os.path.join(SOURCE, part) for part in PARTS), source], PLACES[0])
    configure(place, source, base + "/build", NEW)
    run(["cmake", "--build", base + "/build", "-j", str(os.cpu_count()), "--", "--quiet"], place)
    return source, base + "/build"


def configure(place, source, folder, version):
    run(["cmake", "-S", source, "-B", folder, "-G", "Ninja", "-Wno-dev", "-DEIDC_TESTS=OFF",
         "-DCMAKE_INSTALL_PREFIX=/usr", f"-DEIDC_PACKAGE_VERSION={version}"], place)


def pack(place, source, folder):
    return run([source + "/cmake/packaging/pack.sh", folder, "DEB"], place).split()


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Files of the new version from both places, and of the old one."""
    for tool in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
        need(shutil.which(tool), f"{tool} is missing")
    top = str(tmp_path_factory.mktemp("packages"))
    made = {}
    for place in PLACES:
        source, folder = build(place, top)
        made[place["name"]] = pack(place, source, folder)
    kept = top + "/new"
    os.makedirs(kept)
    made["new"] = [shutil.copy(path, kept) for path in made[PLACES[1]["name"]]]
    configure(PLACES[1], source, folder, OLD)  # only the packages differ, nothing is compiled
    made["old"] = pack(PLACES[1], source, folder)
    yield made
    shutil.rmtree(top)


def test_two_builds_are_the_same_bytes(packages):
    one, another = packages[PLACES[0]["name"]], packages["new"]
    assert [os.path.basename(p) for p in one] == [os.path.basename(p) for p in another]
    assert len(one) == 3
    for left, right in zip(one, another):
        assert filecmp.cmp(left, right, shallow=False), f"differ: diffoscope {left} {right}"
    assert not filecmp.cmp(one[0], packages["old"][0], shallow=False)


def test_lintian_is_content(packages):
    need(shutil.which("lintian"), "lintian is missing")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning",
                           *packages["new"]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "", done.stdout


def test_programs_are_stripped_and_need_what_they_link(packages, tmp_path):
    package = next(p for p in packages["new"] if "/eidcached_" in p)
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True,
                             capture_output=True, text=True).stdout
    for library in ("libmicrohttpd12", "libcurl4", "libc6", "init-system-helpers"):
        assert library in depends
    for program in ("usr/sbin/eidcached", "usr/bin/eidctl"):
        sections = subprocess.run(["readelf", "-SW", tmp_path / program], check=True,
                                  capture_output=True, text=True).stdout
        assert ".text" in sections and ".debug_info" not in sections and ".symtab" not in sections


@pytest.fixture(scope="module")
def machine(packages, tmp_path_factory):
    need(not machines.missing(), machines.missing())
    made = machines.Machine(str(tmp_path_factory.mktemp("machine")))
    try:
        for version in ("old", "new"):
            os.makedirs(f"{made.root}/packages/{version}")
            for path in packages[version]:
                shutil.copy(path, f"{made.root}/packages/{version}")
        made.boot()
        # containers forbid starts by the first; the second makes an index of manual pages each time
        made.run("rm -f /usr/sbin/policy-rc.d /var/lib/man-db/auto-update", check=True)
        made.before = traces(made)
        yield made
    finally:
        made.close()


def traces(machine):
    """What is named after the project where packages, units and services put things."""
    found = machine.run("find /etc /usr /var/lib /var/cache /var/log /run -xdev -path /usr/local "
                        "-prune -o -path /var/lib/containers -prune -o -name '*eidcache*' -print",
                        check=True).stdout.splitlines()
    return sorted(found) + machine.run("getent group eidcache").stdout.splitlines()


def dpkg(machine, *arguments):
    command = "DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io "
    return machine.run(command + " ".join(arguments), check=True, timeout=180).stdout


def forward(machine, name="sales"):
    return machine.run(f"{CURL} -H 'Accept: text/plain' {URL}/v1/forward/{name}").stdout.strip()


def installed(machine):
    return machine.run("dpkg-query -W -f '${Version}' eidcached").stdout


def states(machine, what):
    return [machine.run(f"systemctl {what} {unit}").stdout.strip() for unit in UNITS]


def pid(machine):
    return machine.show(UNITS[0], "MainPID")["MainPID"]


class Load:
    """A client without retries, one connection a request, until it is told to stop."""

    def __init__(self, machine):
        self.machine = machine
        machine.run("rm -f /run/enough", check=True)
        self.process = machine.spawn(
            "until [ -e /run/enough ]; do "
            f"{CURL} -o /dev/null -w '%{{http_code}}\\n' {URL}/v1/forward/sales; done",
            stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.machine.run("touch /run/enough", check=True)
        return self.process.communicate()[0].split()


def change_version(machine, which):
    """Under load: how many requests were answered, and how the others ended."""
    before = pid(machine)
    load = Load(machine)
    began = time.monotonic()
    try:
        dpkg(machine, "-i", f"/packages/{which}/*.deb")
        assert forward(machine) == eid("sales")
    finally:
        answers = load.stop()
    print(f"to {which}: {len(answers)} requests in {time.monotonic() - began:.1f} s")
    assert len(answers) > 20
    assert [a for a in answers if a != "200"] == []
    assert pid(machine) != before  # it is the other version's program that runs


def test_install(machine):
    assert machine.before == [], "this machine has it installed"
    dpkg(machine, "-i", "/packages/old/*.deb")
    assert installed(machine) == OLD
    assert states(machine, "is-enabled") == ["enabled", "enabled"]
    assert states(machine, "is-active") == ["active", "active"]
    poll("an answer", lambda: forward(machine) == eid("sales"))
    assert machine.run("getent group eidcache").returncode == 0
    assert "live" in machine.run("eidctl --server unix:/run/eidcached/eidcached.sock health; "
                                 f"{CURL} {URL}/livez?verbose", check=True).stdout


def test_upgrade_under_load(machine):
    machine.run("echo added_by_hand >> /etc/eidcached/names.txt", check=True)
    change_version(machine, "new")
    assert installed(machine) == NEW
    poll("the name added", lambda: forward(machine, "added_by_hand") == eid("added_by_hand"))


def test_an_upgrade_leaves_disabled_what_was_disabled(machine):
    machine.run("systemctl disable --now eidcached.socket eidcached.service", check=True)
    dpkg(machine, "-i", "/packages/new/eidcached_*.deb")
    assert states(machine, "is-enabled") == ["disabled", "disabled"]
    assert states(machine, "is-active") == ["inactive", "inactive"]
    machine.run("systemctl enable --now eidcached.socket eidcached.service", check=True)
    poll("an answer", lambda: forward(machine) == eid("sales"))


def test_downgrade_under_load(machine):
    change_version(machine, "old")
    assert installed(machine) == OLD
    assert forward(machine, "added_by_hand") == eid("added_by_hand")  # kept by hand and by dpkg


def test_removal_keeps_configuration_and_data(machine):
    dpkg(machine, "-r", "eidcached", "libeidcache-dev", "libeidcache0")
    assert machine.run(f"{CURL} {URL}/livez").returncode == 7
    assert machine.run("pgrep -x eidcached").returncode == 1
    machine.run("test -s /etc/eidcached/eidcached.yaml && test -d /var/lib/private/eidcached "
                "&& ! test -e /usr/sbin/eidcached", check=True)
    dpkg(machine, "-i", "/packages/old/eidcached_*.deb")  # and comes back with them
    assert states(machine, "is-active") == ["active", "active"]
    poll("an answer", lambda: forward(machine, "added_by_hand") == eid("added_by_hand"))


def test_purge_leaves_nothing(machine):
    dpkg(machine, "-P", "eidcached", "libeidcache-dev", "libeidcache0")
    assert traces(machine) == []
    assert machine.run("systemctl list-units --all --no-legend '*eidcache*'").stdout == ""
