"""A machine of its own to boot services in: a real systemd in a container whose root is an
overlay of this machine's, with a network of its own. Needs root and systemd-nspawn."""
import os
import shlex
import shutil
import subprocess

from harness import SLOW, poll

CGROUPS = [base for base in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")
           if os.path.exists(base + "/cgroup.procs")]


def missing():
    """What keeps a machine from being booted here; "" when nothing does."""
    if os.geteuid() != 0:
        return "a machine of its own needs root"
    if not shutil.which("systemd-nspawn"):
        return "systemd-nspawn is missing (Debian: systemd-container)"
    return ""


def sh(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more)


class Machine:
    def __init__(self, path):
        self.layers, self.root = path + "/layers", path + "/root"
        self.name = f"eidc-{os.getpid()}"
        self.process = self.leader = None
        self.log = open(path + "/console.log", "wb")
        os.makedirs(self.layers)
        os.makedirs(self.root)
        sh("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", self.layers)
        os.makedirs(self.layers + "/upper")
        os.makedirs(self.layers + "/work")
        sh("mount", "-t", "overlay", "overlay", "-o",
           f"lowerdir=/,upperdir={self.layers}/upper,workdir={self.layers}/work", self.root)

    def boot(self):
        """Up to where units can be started."""
        os.environ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
        self.process = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", self.root, "-M", self.name, "--register=no",
             "--keep-unit", "--private-network", "--console=pipe", "--capability=all",
             "--system-call-filter=bpf", "--boot", "systemd.unit=basic.target"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=self._own_cgroup)
        self.leader = poll("a process of the machine's own", self._child)
        poll("a booted machine", lambda: self.run("systemctl is-system-running").stdout.strip()
             in ("running", "degraded"), timeout=60)
        return self

    def _own_cgroup(self):
        for base in CGROUPS:
            folder = f"{base}/{self.name}"
            try:
                os.mkdir(folder)
                with open(folder + "/cgroup.procs", "w", encoding="ascii") as file:
                    file.write(str(os.getpid()))
            except OSError:
                continue

    def _child(self):
        assert self.process.poll() is None, "systemd-nspawn ended: see its console.log"
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        return children and children[0]

    def run(self, command, check=False, timeout=60):
        """A shell command inside: its exit code and output."""
        done = subprocess.run(["nsenter", "-t", self.leader, "-a", "sh", "-c", command],
                              capture_output=True, text=True, check=False, timeout=timeout * SLOW)
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def spawn(self, command, **more):
        return subprocess.Popen(["nsenter", "-t", self.leader, "-a", "sh", "-c", command], **more)

    def show(self, unit, *properties):
        """Properties of a unit, as a dictionary."""
        wanted = " ".join("-p " + name for name in properties)
        text = self.run(f"systemctl show {shlex.quote(unit)} {wanted}", check=True).stdout
        return dict(line.partition("=")[::2] for line in text.splitlines())

    def journal(self, unit):
        return self.run(f"journalctl -q --no-pager -o cat -u {shlex.quote(unit)}").stdout

    def write(self, path, text):
        """A file inside, from before or after the boot."""
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def close(self):
        if self.process and self.process.poll() is None:
            if self.leader:
                self.run("systemctl poweroff")
            try:
                self.process.wait(30 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for place in (self.root, self.layers):
            subprocess.run(["umount", "-l", place], check=False, capture_output=True)
        for base in CGROUPS:
            self._drop_cgroup(f"{base}/{self.name}")
        self.log.close()

    @staticmethod
    def _drop_cgroup(folder):
        for where, folders, _ in os.walk(folder, topdown=False):
            for name in folders:
                try:
                    os.rmdir(os.path.join(where, name))
                except OSError:
                    pass
        try:
            os.rmdir(folder)
        except OSError:
            pass  # never made, or something in it is still ending
