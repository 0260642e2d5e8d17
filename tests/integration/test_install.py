"""What `cmake --install` puts where, and that a stranger's program can use the library."""
import os
import re
import subprocess

import pytest

from harness import BUILD, SOURCE, eid

PROGRAM = r"""
#include <eidcache.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    eidcache *c;
    char message[EIDCACHE_MESSAGE], text[EIDCACHE_EID_MAX];
    size_t n;
    if (argc != 3 || eidcache_open(argv[1], &c, message) != EIDCACHE_OK)
        return 2;
    enum eidcache_result r = eidcache_forward(c, argv[2], strlen(argv[2]), text, sizeof text, &n);
    if (r == EIDCACHE_OK)
        puts(text);
    eidcache_close(c);
    return (int)r;
}
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("prefix"))
    subprocess.run(["cmake", "--install", BUILD, "--prefix", path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def find(prefix, name):
    found = [os.path.join(folder, name) for folder, _, files in os.walk(prefix)
             if name in files and "completions" not in folder]
    assert found, f"{name} is not installed"
    return found[0]


def test_programs_run_from_there(prefix):
    for program in ("eidcached", "eidctl"):
        done = subprocess.run([find(prefix, program), "--version"], capture_output=True, text=True,
                              check=True)
        assert done.stdout.startswith(program + " ")


@pytest.mark.parametrize("name", ["eidcache.h", "libeidcache.pc", "libeidcache.so",
                                  "eidcached.service", "eidcached.socket", "architecture.md",
                                  "image-format.md",
                                  "lookup.c", "lookup.py", "eidctl.1", "eidcached.yaml.5",
                                  "eidcached.8", "libeidcache.3", "eidcached.schema.json",
                                  "eidcached.rules.yml", "eidcached.json"])
def test_files_are_there(prefix, name):
    find(prefix, name)


@pytest.mark.parametrize("option, told", [
    ("-DEIDC_SANITIZE=foo", 'EIDC_SANITIZE is "foo"; allowed: address, undefined,'),
    ("-DEIDC_SANITIZE=address;thread", "allowed: address, undefined,"),
    ("-DEIDC_FUZZ=ON", "EIDC_FUZZ needs libFuzzer, which is clang's"),
])
def test_a_build_that_cannot_be_is_refused(tmp_path, option, told):
    done = subprocess.run(["cmake", "-S", SOURCE, "-B", str(tmp_path), "-DCMAKE_C_COMPILER=gcc",
                           option], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert told in " ".join(done.stderr.split())


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_the_service_works_as_installed(prefix, lab):
    """Its configuration names files that are there, and a directory for snapshots."""
    folder = os.path.dirname(find(prefix, "eidcached.yaml"))
    text = read(folder + "/eidcached.yaml")
    assert "\n  dir: /var/lib/eidcached\n" in text
    names = re.search(r"^    path: (.*)/names.txt$", text, re.M)[1]
    text = text.replace(names, folder).replace("/var/lib/eidcached", lab.path + "/state")
    done = lab.run("--once", "--config", lab.write_config(text))
    assert done.returncode == 0, done.stderr
    assert "names 30\n" in done.stdout


def test_unit_program_and_files_agree_on_etc(tmp_path):
    """With the prefix /usr the configuration is in /etc; what is there already is kept."""
    build, root = str(tmp_path / "build"), str(tmp_path / "root")
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["cmake", "-G", "Ninja", "-S", SOURCE, "-B", build,
                    "-DCMAKE_INSTALL_PREFIX=/usr",
                    "-DEIDC_TESTS=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"], **quiet)
    install = ["cmake", "--install", build, "--component", "config"]
    subprocess.run(install, env=dict(os.environ, DESTDIR=root), **quiet)
    config = root + "/etc/eidcached/eidcached.yaml"
    assert "path: /etc/eidcached/names.txt\n" in read(config)
    assert os.path.exists(root + "/etc/eidcached/names.txt")
    assert "/etc/eidcached/eidcached.yaml" in read(
        root + "/usr/lib/systemd/system/eidcached.service")
    assert r'EIDC_SYSCONFDIR=\\\"/etc\\\"' in read(build + "/compile_commands.json")
    with open(config, "w", encoding="utf-8") as file:
        file.write("mine\n")
    subprocess.run(install, env=dict(os.environ, DESTDIR=root), **quiet)
    assert read(config) == "mine\n"


@pytest.mark.parametrize("compiler", [["cc", "-std=c11"], ["c++", "-x", "c++"]])
def test_a_program_against_the_library(prefix, lab, compiler):
    source, program = lab.path + "/user.c", lab.path + "/user"
    with open(source, "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    library = os.path.dirname(find(prefix, "libeidcache.so"))
    env = dict(os.environ, PKG_CONFIG_PATH=library + "/pkgconfig", LD_LIBRARY_PATH=library)
    flags = subprocess.run(["pkg-config", "--define-variable=prefix=" + prefix, "--cflags",
                            "--libs", "libeidcache"], env=env, capture_output=True, text=True,
                           check=True).stdout.split()
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", source, "-o", program, *flags],
                   check=True)
    lab.names(["sales"])
    lab.start().stop()
    image = lab.snapshots + "/current.eidc"
    done = subprocess.run([program, image, "sales"], env=env, capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, eid("sales") + "\n")
    assert subprocess.run([program, image, "nothing"], env=env, check=False).returncode == 1


def test_only_the_public_names_are_exported(prefix):
    symbols = subprocess.run(["nm", "-D", "--defined-only", find(prefix, "libeidcache.so")],
                             capture_output=True, text=True, check=True).stdout
    names = [line.split()[-1] for line in symbols.splitlines()]
    assert names and all(name.startswith("eidcache_") for name in names), names
