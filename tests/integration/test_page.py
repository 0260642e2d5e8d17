"""The page at / in a real browser: Debian's Chromium, driven by tests/browser/ through
playwright-core, judged by axe-core. Pictures of every state are kept in build/tests/screenshots."""
import glob
import json
import os
import shutil
import subprocess

import pytest

import npm
from conftest import need
from harness import BUILD, SLOW, SOURCE

BROWSER = os.path.join(SOURCE, "tests/browser")
INSTALLED = os.path.join(BUILD, "tests/browser")
SHOTS = os.path.join(BUILD, "tests/screenshots")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FEW = ["sales", "sales.orders"]
MANY = FEW + [f"sales.t{i:02}" for i in range(40)]
HOSTILE = [
    "<img src=x onerror=alert(1)>", "\"><script>alert(1)</script>", "'; DROP TABLE names",
    "..", ".", "a/b?c#d%20e&amp;", " leading and trailing ", "$(reboot) `id` \\ '",
    "\u202e\u05d0\u05d1 reversed\u202c",
    "\u0645\u0628\u064a\u0639\u0627\u062a.\u0637\u0644\u0628\u0627\u062a",
    "\u58f2\u4e0a_\u672c\u756a",
    "\u0434\u0430\u043d\u043d\u044b\u0435.\u043f\u0440\u043e\u0434\u0430\u0436\u0438",
    "e\u0301te\u0301", "\U0001f4ca.\U0001f468\u200d\U0001f469\u200d\U0001f467", "n" * 1500,
]


@pytest.fixture(scope="session", name="browser")
def _browser():
    need(CHROMIUM, "chromium is missing")
    need(shutil.which("node") and shutil.which("npm"), "node or npm is missing")
    problem = npm.install(BROWSER, INSTALLED)
    need(problem is None, f"npm could not install the browser tests' packages: {problem}")
    return drive


def drive(scenario, daemon, acts=None, **env):
    """Runs a scenario of tests/browser/scenarios.mjs; acts are what it may ask for by name."""
    for old in glob.glob(os.path.join(SHOTS, f"{scenario}-*.png")):
        os.remove(old)
    environment = {**os.environ, "EIDC_URL": f"http://{daemon.where}/", "EIDC_SLOW": str(SLOW),
                   "EIDC_MODULES": INSTALLED + "/", "EIDC_SHOTS": SHOTS,
                   "EIDC_CHROMIUM": CHROMIUM, **env}
    with subprocess.Popen(["node", os.path.join(BROWSER, "scenarios.mjs"), scenario],
                          env=environment, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as node:
        for line in node.stdout:
            word, _, name = line.strip().partition(" ")
            if word != "act":
                print(line, end="")
                continue
            (acts or {})[name]()
            node.stdin.write("ok\n")
            node.stdin.flush()
        errors = node.stderr.read()
    assert node.returncode == 0, errors


def two_sources(lab, **sections):
    tables = os.path.join(lab.path, "tables.txt")
    write(tables, ["finance"])
    lab.names(FEW)
    daemon = lab.start(sources={"names": {"type": "file", "path": lab.names_path},
                                "tables": {"type": "file", "path": tables}}, **sections)
    return daemon.settle(), tables


def write(path, names):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(name + "\n" for name in names)


def test_follows(lab, browser):
    daemon, tables = two_sources(lab)

    def more_names():
        lab.names(MANY)
        daemon.refresh()

    def lose_tables():
        os.remove(tables)
        daemon.refresh()

    def shrink():
        write(tables, ["finance"])
        lab.names(FEW)
        daemon.refresh()
    browser("follows", daemon, {
        "more-names": more_names, "lose-tables": lose_tables, "shrink": shrink,
        "accept": lambda: daemon.refresh("wait=60s&accept_shrink=true"), "stop": daemon.stop})
    assert len(glob.glob(os.path.join(SHOTS, "fresh-*.png"))) == 5


def test_cold_start(lab, browser):
    daemon = lab.start(wait="listening")
    daemon.wait_rounds(1)

    def names():
        lab.names(FEW)
        daemon.refresh()
    browser("cold", daemon, {"names": names})


def test_stale(lab, browser):
    lab.names(FEW)
    daemon = lab.start(refresh={"interval": "1s", "max_stale": "2s"}).settle()
    browser("stale", daemon, {"lose-names": lambda: os.remove(lab.names_path)})


def test_token(lab, browser):
    path = os.path.join(lab.path, "token")
    write(path, ["s3cret-of-the-test"])
    lab.names(FEW)
    browser("token", lab.start(http={"token_file": path}))
    assert "s3cret-of-the-test" not in lab.daemons[0].log()


def test_keyboard(lab, browser):
    lab.names(MANY + ["sales.lines", "finance"])
    browser("keyboard", lab.start())


def test_hostile_names(lab, browser):
    lab.names(HOSTILE)
    daemon = lab.start()
    assert daemon.status_document()["generation"]["names"] == len(HOSTILE)
    browser("hostile", daemon, EIDC_NAMES=json.dumps(HOSTILE))


def test_long_names(lab, browser):
    parts = ["marketing_attribution", "warehouse_daily_snapshot", "eu_west_1", "reconciliation"]
    lab.names([".".join(parts + parts[i:i + 2]) for i in range(4)] + ["marketing", "sales"])
    browser("longNames", lab.start())


TABLES = {"tables": {"type": "aws", "list": "glue.tables"}}


def test_scopes(lab, aws, browser):
    aws.set(databases=130, tables=1)
    daemon = lab.start(sources=TABLES).settle()

    def deny_one():
        aws.fault("GetTables", "accessdenied", database="db_00077", times=-1)
        daemon.refresh()

    def heal():
        aws.heal()
        daemon.refresh()
    browser("scopes", daemon, {"deny-one": deny_one, "heal": heal})


def test_running(lab, aws, browser):
    aws.set(databases=5, tables=2)
    lab.start(sources=TABLES).settle().stop()
    aws.fault("GetTables", "hang", database="db_00004", times=-1)
    browser("running", lab.start(sources=TABLES), {"heal": aws.heal})


def test_older(lab, browser):
    lab.names(FEW)
    browser("older", lab.start())


def test_drawn(lab, browser):
    lab.names(FEW)
    browser("drawn", lab.start())


def test_modules():
    need(shutil.which("node"), "node is missing")
    done = subprocess.run(["node", "--test", os.path.join(BROWSER, "modules.test.mjs")],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
