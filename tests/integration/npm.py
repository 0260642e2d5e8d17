"""Packages of the npm registry for tests: by their lock file, into the build folder."""
import os
import shutil
import subprocess


def is_installed(source, into):
    """node_modules are those of the lock file that is here now."""
    try:
        with open(os.path.join(source, "package-lock.json"), "rb") as wanted, \
             open(os.path.join(into, "installed.json"), "rb") as there:
            return wanted.read() == there.read()
    except FileNotFoundError:
        return False


def install(source, into):
    """What source/package-lock.json names; None, or what went wrong."""
    if is_installed(source, into):
        return None
    os.makedirs(into, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(source, name), into)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                           "--legacy-peer-deps", "--prefer-offline"], cwd=into,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done.stderr[-1000:]
    shutil.copy(os.path.join(source, "package-lock.json"), os.path.join(into, "installed.json"))
    return None
