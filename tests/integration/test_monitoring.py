"""The monitoring kit: rules and their tests, and a real Prometheus that scrapes a real daemon and
answers every query of the dashboard."""
import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from conftest import need
from harness import SOURCE, poll

RULES = os.path.join(SOURCE, "config/prometheus/eidcached.rules.yml")
DASHBOARD = os.path.join(SOURCE, "config/grafana/eidcached.json")
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
MISSING = "promtool or prometheus is missing (Debian: prometheus)"
METRIC = re.compile(r"\b(?:eidcached|process)_[a-z_]+\b")


@pytest.fixture(autouse=True)
def tools():
    need(PROMTOOL and PROMETHEUS, MISSING)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def promtool(*arguments, **more):
    return subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False,
                          **more)


@pytest.mark.parametrize("arguments", [
    ("check", "rules", RULES),
    ("check", "config", os.path.join(SOURCE, "config/prometheus/prometheus.yml")),
    ("test", "rules", os.path.join(SOURCE, "tests/monitoring/eidcached.rules.test.yml")),
], ids=lambda a: a[0] + " " + a[1])
def test_promtool(arguments):
    done = promtool(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_and_says_what_to_do():
    alerts = re.findall(r"- alert: (\w+)", read(RULES))
    fired = read(os.path.join(SOURCE, "tests/monitoring/eidcached.rules.test.yml"))
    assert len(alerts) > 10
    for alert in alerts:
        assert re.search(rf"alertname: {alert}\n\s+exp_alerts:", fired), alert
    assert len(re.findall(r"^ {10}description:", read(RULES), re.M)) == len(alerts)


def expressions():
    """(panel, expression) of the dashboard; annotations too."""
    document = json.loads(read(DASHBOARD))
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for note in document["annotations"]["list"]:
        yield note["name"], note["expr"]


def bound(expression):
    for variable, value in (("$job", ".*"), ("$instance", ".*"), ("$__rate_interval", "1m")):
        expression = expression.replace(variable, value)
    return expression


@pytest.fixture
def busy(lab, aws):
    """A daemon that has done a bit of everything."""
    aws.set(databases=["sales"], tables={"sales": ["orders"]})
    aws.fault("GetTables", "throttle", times=1)
    lab.names(["one"])
    daemon = lab.start(http={"max_body": "1K"}, sources={
        "tables": {"type": "aws", "list": "glue.tables"},
        "names": {"type": "file", "path": lab.names_path}}).settle()
    daemon.forward("one")
    daemon.forward("nothing")
    daemon.post("/v1/forward", b"x" * 4096)
    return daemon


def exported(daemon):
    return daemon.get("/metrics").text


def test_metrics_are_as_prometheus_wants_them(busy):
    done = promtool("check", "metrics", input=exported(busy))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_rules_and_dashboard_ask_for_metrics_that_exist(busy):
    text = exported(busy)
    known = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    asked = set(METRIC.findall(read(RULES))) | {m for _, e in expressions()
                                                for m in METRIC.findall(e)}
    recorded = set(re.findall(r"record: \w+:(\w+):?\w*", read(RULES)))
    for name in asked - recorded:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in known or base in known, name


class Prometheus:
    def __init__(self, folder, target):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        config = folder + "/prometheus.yml"
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
                       "rule_files": [RULES],
                       "scrape_configs": [{"job_name": "eidcached", "static_configs": [
                           {"targets": [target]}]}]}, file)
        self.log = open(folder + "/prometheus.log", "wb")
        self.process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address={self.address}"], stdout=self.log, stderr=self.log)

    def get(self, path, **query):
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def query(self, expression):
        answer = self.get("/api/v1/query", query=expression)
        return answer and answer["result"]

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def prometheus(lab, busy):
    started = Prometheus(lab.path, busy.where)
    yield started
    started.close()


def test_prometheus_answers_the_dashboard(busy, prometheus):
    poll("a scrape", lambda: prometheus.query('up{job="eidcached"} == 1'), timeout=60)
    waiting = {(title, bound(e)) for title, e in expressions() if title != "New generation"}
    assert len(waiting) > 20

    def answered():
        """Rates need two scrapes with something between them."""
        busy.forward("one")
        busy.refresh()
        busy.post("/v1/forward", b"x" * 4096)
        waiting.difference_update({item for item in waiting if prometheus.query(item[1])})
        return not waiting
    try:
        poll("an answer to each query", answered, timeout=60, every=0.5)
    except AssertionError:
        pytest.fail(f"never answered: {sorted(waiting)}")
    rules = prometheus.get("/api/v1/rules")["groups"]
    assert all(rule["health"] in ("ok", "unknown") for group in rules for rule in group["rules"])
    poll("a recorded rule", lambda: prometheus.query("instance:eidcached_age_seconds"), timeout=30)
