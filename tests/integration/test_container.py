"""The image: built without a registry, run as it is meant to be: read-only, without rights, as
nobody, in 64 MiB."""
import json
import os
import re
import shlex
import shutil
import subprocess
import time

import pytest

import readme
from conftest import need
from harness import SOURCE, eid, poll

IMAGE = "localhost/eidcached:latest"  # that of README.md
DOCKER = os.path.join(SOURCE, "tests/support/container.sh")
TOOLS = ["podman", "buildah", "runc", "mmdebstrap"]


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def sh(*argv, check=True):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, (argv, done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    need(not missing and os.geteuid() == 0, f"needs root and {' '.join(missing) or 'no more'}")
    conf = tmp_path_factory.mktemp("containers") / "containers.conf"
    conf.write_text('[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
                    'events_logger = "file"\n[containers]\nnetns = "none"\n'
                    'default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]\n')
    os.environ["CONTAINERS_CONF"] = str(conf)
    somebodys = sh("podman", "image", "exists", IMAGE, check=False).returncode == 0
    sh(*as_readme_says("docker build"))
    yield IMAGE
    if not somebodys:
        sh(DOCKER, "rmi", "-f", IMAGE)


def as_readme_says(start):
    """A command of README.md's, with podman in docker's place."""
    [line] = [line for line in readme.lines("Containers") if line.startswith(start)]
    return [DOCKER, *shlex.split(line)[1:]]


def get(pid, path):
    """From inside of its network, which has nothing but a loopback."""
    return sh("nsenter", "-t", str(pid), "-n", "curl", "-s", "--noproxy", "*", "-H",
              "Accept: text/plain", "http://127.0.0.1:8627" + path, check=False).stdout


class Container:
    """Without a network of its machine's: asked from inside its own."""

    def __init__(self, image, *more):
        self.id = sh("podman", "run", "-d", "--network=none", "--read-only", "--cap-drop=all",
                     "--security-opt=no-new-privileges", "--memory=64m", "--pids-limit=64",
                     *more, image).stdout.strip()
        self.pid = self.inspect()["State"]["Pid"]

    def inspect(self):
        return json.loads(sh("podman", "inspect", self.id).stdout)[0]

    def get(self, path):
        return get(self.pid, path)

    def logs(self):
        done = sh("podman", "logs", self.id)
        return done.stdout + done.stderr

    def remove(self):
        sh("podman", "rm", "-f", self.id, check=False)


@pytest.fixture
def volume(tmp_path):
    """A folder for snapshots that is the image's user's, as volumes are made."""
    path = tmp_path / "snapshots"
    path.mkdir()
    os.chown(path, 10001, 10001)
    return f"--volume={path}:/var/lib/eidcached"


@pytest.fixture
def container(image, volume):
    made = Container(image, volume)
    yield made
    made.remove()


def test_it_serves_confined(container):
    poll("an answer", lambda: container.get("/v1/forward/sales") == eid("sales") + "\n")
    status = sh("cat", f"/proc/{container.pid}/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split()[0] == "10001"
    assert int(fields["CapBnd"], 16) == 0 and fields["NoNewPrivs"] == "1"
    kib = int(fields["VmRSS"].split()[0])
    print(f"resident: {kib / 1024:.1f} MiB")
    assert kib < 40 * 1024
    assert not sh("touch", f"/proc/{container.pid}/root/usr/x", check=False).returncode == 0


def test_what_readme_says_runs(image):
    """But for the port, which is published nowhere: it has no network."""
    known = sh("podman", "volume", "ls", "-q").stdout.split()
    need("snapshots" not in known, "there is a volume snapshots already")
    process = subprocess.Popen(as_readme_says("docker run"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        made = poll("a container", lambda: sh("podman", "ps", "-q", "--filter",
                                              "volume=snapshots").stdout.strip())
        pid = json.loads(sh("podman", "inspect", made).stdout)[0]["State"]["Pid"]
        poll("an answer", lambda: get(pid, "/v1/forward/sales") == eid("sales") + "\n")
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        sh("podman", "rm", "-f", *sh("podman", "ps", "-aq", "--filter",
                                     "volume=snapshots").stdout.split(), check=False)
        sh("podman", "volume", "rm", "-f", "snapshots")


def test_readme_has_no_further_commands():
    """Compose needs images of a registry's: what it names is looked at below."""
    assert [line.split()[1] for line in readme.lines("Containers")] == ["build", "run", "compose"]


def test_it_says_how_it_is(container):
    poll("ready", lambda: "ok" in container.get("/readyz") or "passed" in container.get("/readyz"))
    assert sh("podman", "healthcheck", "run", container.id, check=False).returncode == 0
    sh("podman", "pause", container.id)
    try:
        assert container.inspect()["State"]["Status"] == "paused"
    finally:
        sh("podman", "unpause", container.id)


def test_it_ends_when_told(container):
    poll("an answer", lambda: container.get("/v1/forward/sales") == eid("sales") + "\n")
    began = time.monotonic()
    sh("podman", "stop", "-t", "15", container.id)
    assert time.monotonic() - began < 14
    assert container.inspect()["State"]["ExitCode"] == 0, container.logs()
    assert "stopped" in container.logs()


def test_a_job_of_one_refresh(image, volume):
    done = sh("podman", "run", "--rm", "--network=none", "--read-only", "--cap-drop=all",
              "--memory=64m", volume, image, "--once")
    assert "names 30\n" in done.stdout, done.stdout


def test_what_is_in_it(image, tmp_path):
    made = sh("podman", "create", image).stdout.strip()
    try:
        files = sh("sh", "-c", f"podman export {made} | tar tf -").stdout.split()
        sh("podman", "cp", f"{made}:/usr/share/sbom/eidcached.spdx.json", str(tmp_path))
    finally:
        sh("podman", "rm", "-v", made)
    assert not [f for f in files if re.search(r"(^|/)(sh|bash|dash|apt|curl|perl)$", f)]
    sbom = json.loads((tmp_path / "eidcached.spdx.json").read_text())
    names = {package["name"] for package in sbom["packages"]}
    assert {"eidcached", "libc6", "libcurl4", "libmicrohttpd12", "libssl3",
            "ca-certificates"} <= names, names
    assert all(package["versionInfo"] for package in sbom["packages"])
    size = json.loads(sh("podman", "inspect", image).stdout)[0]["Size"]
    print(f"image: {size / 1e6:.1f} MB")


def stages():
    return re.split(r"^FROM ", read("docker/Dockerfile"), flags=re.M)[1:]


def test_the_dockerfile_keeps_the_rules():
    text = read("docker/Dockerfile")
    last = stages()[-1]
    assert re.search(r"^USER \d+:\d+$", last, re.M)
    assert re.search(r'^HEALTHCHECK [^\n]*\\\n\s+CMD \["', last, re.M)
    assert not re.search(r"^ADD |:latest|curl.*\| *sh", text, re.M)
    for run in re.findall(r"^RUN (.*?[^\\])\n(?=\S|$)", text, re.M | re.S):
        if "apt-get install" in run:
            for part in ("apt-get update", "--no-install-recommends", "apt-get clean",
                         "rm -rf /var/lib/apt/lists"):
                assert part in run, run


def test_the_dockerfile_installs_what_dev_does():
    listed = re.search(r'^build_packages="(.*?)"', read("dev"), re.M | re.S)[1]
    for package in {*listed.replace("\\", "").split(), "ca-certificates"}:
        assert re.search(rf"\b{re.escape(package)}\b", read("docker/Dockerfile")), package


def test_compose_names_files_that_are_there():
    yaml = pytest.importorskip("yaml")
    document = yaml.safe_load(read("docker/compose.yaml"))
    for service in document["services"].values():
        assert not service["image"].endswith(":latest") and ":" in service["image"]
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert os.path.exists(os.path.join(SOURCE, "docker", volume.split(":")[0])), volume
