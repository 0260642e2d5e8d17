"""The packages: what lintian says of the Debian ones, that two builds are the same bytes, the life
of both kinds on a machine of its own: install, upgrade under load from what the commit before made,
downgrade, removal, purge."""
import atexit
import filecmp
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings

import pytest

import machine as machines
import readme
from conftest import need
from harness import SOURCE, eid, poll

URL = "http://127.0.0.1:8627"
UNITS = ["eidcached.service", "eidcached.socket"]
CURL = "curl -s --noproxy '*' --max-time 20"
EPOCH = "1700000000"
NEW = "0.1.0"
PARTS = ["CMakeLists.txt", "CHANGELOG.md", "LICENSE", "README.md", "cmake", "config", "dev", "docs",
         "include", "src", "systemd"]
HOME = tempfile.mkdtemp(prefix="eidcached-home-")  # rpmbuild leaves its database there
atexit.register(shutil.rmtree, HOME)
# one build differs in all that may differ
PLACES = [{"name": "one", "umask": 0o022, "env": {"TZ": "UTC", "LC_ALL": "C"}},
          {"name": "another/place", "umask": 0o077, "env": {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8",
                                                           "HOME": HOME}}]


def run(argv, place, **more):
    env = dict(os.environ, SOURCE_DATE_EPOCH=EPOCH, **place["env"])
    done = subprocess.run(argv, env=env, umask=place["umask"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(argv)}\n{done.stdout[-4000:]}")
    return done.stdout


def copy_source(place, top):
    source = os.path.join(top, place["name"], "source")
    os.makedirs(source)
    run(["cp", "-r", *(os.path.join(SOURCE, part) for part in PARTS), source], PLACES[0])
    return source


def build(place, source, folder, version, *more):
    configure(place, source, folder, version, *more)
    run(["cmake", "--build", folder, "-j", str(os.cpu_count()), "--", "--quiet"], place)
    return source, folder


def configure(place, source, folder, version, *more):
    run(["cmake", "-S", source, "-B", folder, "-G", "Ninja", "-Wno-dev", "-DEIDC_TESTS=OFF",
         "-DCMAKE_INSTALL_PREFIX=/usr", f"-DEIDC_PACKAGE_VERSION={version}", *more], place)


def pack(place, source, folder, into):
    """Both kinds; copied to `into` before another packing takes their place."""
    made = run([source + "/cmake/packaging/pack.sh", folder, "DEB", "RPM"], place).split()
    os.makedirs(into)
    return [shutil.copy(path, into) for path in made]


def pack_as_readme_says(place, source):
    [line] = [line for line in readme.lines("Packages") if line.startswith("./dev package")]
    printed = run(["sh", "-ec", line], place, cwd=source).split()
    return [path for path in printed if path.endswith((".deb", ".rpm"))]


def git(*arguments):
    done = subprocess.run(["git", "-C", SOURCE, *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def previous(top):
    """(version, source, build) of the commit before; None where there is none."""
    commit = git("rev-parse", "--verify", "--short", "HEAD^")
    if commit is None:
        return None
    version = f"{NEW}~{commit.decode().strip()}"  # sorts below
    source, folder = top + "/previous/source", top + "/previous/build"
    os.makedirs(source)
    subprocess.run(["tar", "-x", "-C", source], input=git("archive", "HEAD^"), check=True)
    cache = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    began = time.monotonic()
    build(PLACES[0], source, folder, version, *cache)
    print(f"the commit before: built in {time.monotonic() - began:.0f} s")
    return version, source, folder


def relabelled(source, folder):
    """The same build under a lower version, for want of an older one."""
    warnings.warn("no commit before this one here (an archive, a shallow clone): "
                  "the upgrade is from this build to itself")
    configure(PLACES[1], source, folder, "0.0.9")  # nothing is compiled
    return "0.0.9", source, folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Files of the new version from both places, and of the old one."""
    for tool in ("cpack", "dpkg-deb", "dpkg-shlibdeps", "rpmbuild"):
        need(shutil.which(tool), f"{tool} is missing")
    top = str(tmp_path_factory.mktemp("packages"))
    one, another = (copy_source(place, top) for place in PLACES)
    made = {"one": pack_as_readme_says(PLACES[0], one)}
    source, folder = build(PLACES[1], another, top + "/build", NEW)
    made["new"] = pack(PLACES[1], source, folder, top + "/new")
    made["old version"], source, folder = previous(top) or relabelled(source, folder)
    made["old"] = pack(PLACES[0], source, folder, top + "/old")
    yield made
    shutil.rmtree(top)


def debs(paths):
    return [path for path in paths if path.endswith(".deb")]


def test_two_builds_are_the_same_bytes(packages):
    one, another = debs(packages["one"]), debs(packages["new"])
    assert [os.path.basename(p) for p in one] == [os.path.basename(p) for p in another]
    assert len(one) == 3
    for left, right in zip(one, another):
        assert filecmp.cmp(left, right, shallow=False), f"differ: diffoscope {left} {right}"


def test_lintian_is_content(packages):
    need(shutil.which("lintian"), "lintian is missing")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning",
                           *debs(packages["new"])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "", done.stdout


def test_programs_are_stripped_and_need_what_they_link(packages, tmp_path):
    package = next(p for p in debs(packages["new"]) if "/eidcached_" in p)
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
        made.before, made.old_version = traces(made), packages["old version"]
        yield made
    finally:
        made.close()


def traces(machine):
    """What is named after the project where packages, units and services put things."""
    found = machine.run("find /etc /usr /var/lib /var/cache /var/log /run -xdev -path /usr/local "
                        "-prune -o -path /var/lib/containers -prune -o -name '*eidcache*' -print",
                        check=True).stdout.splitlines()
    return sorted(found) + machine.run("getent group eidcache").stdout.splitlines()


def apt_get(machine, *arguments):
    """Without a network: what is installed comes from files, and needs nothing that is not here."""
    command = ("DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-unsafe-io "
               "-o Dpkg::Options::=--force-confold -o APT::Sandbox::User=root "
               "--no-install-recommends --allow-downgrades ")
    return machine.run(command + " ".join(arguments), check=True, timeout=180).stdout


def rpm(machine, *arguments, check=True):
    """The names of what a package needs are another distribution's."""
    command = "rpm --force-debian --dbpath /var/lib/rpm "
    return machine.run(command + " ".join(arguments), check=check, timeout=180)


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


def images_kept(machine):
    return re.findall(r"serving generation (\d+) .* from the service manager's descriptor store",
                      machine.journal(UNITS[0]))


def change_version(machine, which, how):
    """Under load: how many requests were answered, and how the others ended. The image of the one
    program is served by the other."""
    before, kept = pid(machine), images_kept(machine)
    load = Load(machine)
    began = time.monotonic()
    try:
        how()
        time.sleep(1)  # the program that is new has its share of them
        assert forward(machine) == eid("sales")
    finally:
        answers = load.stop()
    print(f"to {which}: {len(answers)} requests in {time.monotonic() - began:.1f} s")
    assert len(answers) > 20
    assert [a for a in answers if a != "200"] == []
    assert pid(machine) != before  # it is the other version's program that runs
    assert "deleted" not in machine.run(f"readlink /proc/{pid(machine)}/exe", check=True).stdout
    assert len(images_kept(machine)) == len(kept) + 1


def install_as_readme_says(machine):
    for line in map(str.strip, readme.lines("Packages")):
        if line.startswith("apt-get "):
            machine.run("cd /packages && ln -sfn old build-package && "
                        f"DEBIAN_FRONTEND=noninteractive {line}", check=True, timeout=180)
        else:  # the first was run for the packages; cross-building takes a quarter of an hour
            assert line in ("./dev package", "./dev cross")


def test_install(machine):
    assert machine.before == [], "this machine has it installed"
    install_as_readme_says(machine)
    assert installed(machine) == machine.old_version
    assert states(machine, "is-enabled") == ["enabled", "enabled"]
    assert states(machine, "is-active") == ["active", "active"]
    poll("an answer", lambda: forward(machine) == eid("sales"))
    assert machine.run("getent group eidcache").returncode == 0
    assert "live" in machine.run("eidctl --server unix:/run/eidcached/eidcached.sock health; "
                                 f"{CURL} {URL}/livez?verbose", check=True).stdout


def test_upgrade_under_load(machine):
    machine.run("echo added_by_hand >> /etc/eidcached/names.txt", check=True)
    change_version(machine, "new", lambda: apt_get(machine, "install", "/packages/new/*.deb"))
    assert installed(machine) == NEW
    poll("the name added", lambda: forward(machine, "added_by_hand") == eid("added_by_hand"))


def test_an_upgrade_leaves_disabled_what_was_disabled(machine):
    machine.run("systemctl disable --now eidcached.socket eidcached.service", check=True)
    apt_get(machine, "install", "--reinstall", "/packages/new/eidcached_*.deb")
    assert states(machine, "is-enabled") == ["disabled", "disabled"]
    assert states(machine, "is-active") == ["inactive", "inactive"]
    machine.run("systemctl enable --now eidcached.socket eidcached.service", check=True)
    poll("an answer", lambda: forward(machine) == eid("sales"))


def test_downgrade_under_load(machine):
    change_version(machine, "old", lambda: apt_get(machine, "install", "/packages/old/*.deb"))
    assert installed(machine) == machine.old_version
    assert forward(machine, "added_by_hand") == eid("added_by_hand")  # kept by hand and by dpkg


def start_from_the_snapshot(machine, which, name):
    """With the other version, which finds neither names nor an image that systemd kept."""
    machine.run("systemctl stop eidcached.socket eidcached.service", check=True)
    machine.run("mv /etc/eidcached/names.txt /root/names.txt", check=True)
    try:
        apt_get(machine, "install", f"/packages/{which}/*.deb")
        kept = images_kept(machine)
        machine.run("systemctl start eidcached.socket eidcached.service", check=True)
        assert forward(machine, name) == eid(name)
        assert images_kept(machine) == kept
    finally:
        machine.run("mv /root/names.txt /etc/eidcached/names.txt", check=True)


def test_one_versions_snapshot_is_served_by_the_other(machine):
    start_from_the_snapshot(machine, "new", "added_by_hand")
    machine.run("echo added_by_the_new >> /etc/eidcached/names.txt && eidctl --server "
                "unix:/run/eidcached/eidcached.sock refresh --wait", check=True)
    start_from_the_snapshot(machine, "old", "added_by_the_new")


def test_removal_keeps_configuration_and_data(machine):
    apt_get(machine, "install", "/packages/new/*.deb")
    apt_get(machine, "remove", "eidcached", "libeidcache-dev", "libeidcache0")
    assert machine.run(f"{CURL} {URL}/livez").returncode == 7
    assert machine.run("pgrep -x eidcached").returncode == 1
    machine.run("test -s /etc/eidcached/eidcached.yaml && test -d /var/lib/private/eidcached "
                "&& ! test -e /usr/sbin/eidcached", check=True)
    apt_get(machine, "install", "/packages/new/eidcached_*.deb")  # and comes back with them
    assert states(machine, "is-active") == ["active", "active"]
    poll("an answer", lambda: forward(machine, "added_by_hand") == eid("added_by_hand"))


def test_purge_leaves_nothing(machine):
    apt_get(machine, "purge", "eidcached", "libeidcache0")
    assert traces(machine) == []
    assert machine.run("systemctl list-units --all --no-legend '*eidcache*'").stdout == ""


def test_rpm_install(machine):
    assert traces(machine) == []
    rpm(machine, "-i --nodeps /packages/old/*.rpm")
    assert states(machine, "is-active") == ["inactive", "inactive"]  # the administrator's to start
    machine.run("systemctl start eidcached.socket eidcached.service", check=True)
    poll("an answer", lambda: forward(machine) == eid("sales"))
    files = rpm(machine, "-qal").stdout.split()
    for path in ("/usr/sbin/eidcached", "/usr/bin/eidctl", "/etc/eidcached/eidcached.yaml",
                 "/usr/lib/systemd/system/eidcached.service", "/usr/include/eidcache.h",
                 "/usr/share/man/man8/eidcached.8.gz"):
        assert path in files
    assert rpm(machine, "-Va --nodeps").stdout == ""


def test_rpm_upgrade_under_load(machine):
    machine.run("echo added_by_hand >> /etc/eidcached/names.txt", check=True)
    change_version(machine, "new", lambda: rpm(machine, "-U --nodeps /packages/new/*.rpm"))
    assert rpm(machine, "-q --qf '%{VERSION}' eidcached").stdout == NEW
    poll("the name added", lambda: forward(machine, "added_by_hand") == eid("added_by_hand"))
    changed = rpm(machine, "-Va --nodeps", check=False).stdout
    assert re.fullmatch(r"S\.5\S+ +c /etc/eidcached/names.txt\n", changed), changed


def test_rpm_downgrade_under_load(machine):
    change_version(machine, "old",
                   lambda: rpm(machine, "-U --oldpackage --nodeps /packages/old/*.rpm"))
    assert rpm(machine, "-q --qf '%{VERSION}' eidcached").stdout == machine.old_version


def test_rpm_erase_leaves_what_is_not_its_own(machine):
    rpm(machine, "-U --nodeps /packages/new/*.rpm")
    files = rpm(machine, "-qal").stdout.split()
    rpm(machine, "-e eidcached libeidcache-dev libeidcache0")
    assert machine.run(f"{CURL} {URL}/livez").returncode == 7
    assert machine.run("systemctl list-units --all --no-legend '*eidcache*'").stdout == ""
    left = [path for path in files if os.path.lexists(machine.root + path)]
    assert left == ["/etc/eidcached"]
    assert machine.run("ls /etc/eidcached", check=True).stdout == "names.txt.rpmsave\n"
    assert "added_by_hand" in machine.run("cat /etc/eidcached/*").stdout
    assert [place for place in traces(machine) if "/var/lib/" not in place] == \
        ["/etc/eidcached", machine.run("getent group eidcache").stdout.strip()]
