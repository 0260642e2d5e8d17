"""Manual pages, the configuration's schema, and the shell's completion: complete, and as their own
tools want them."""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import need
from harness import CTL, DAEMON, SOURCE

PAGES = ["eidcached.8", "libeidcache.3"]
TOLD = {"eidcached.yaml.5": [DAEMON, "--print-config-manual"], "eidctl.1": [CTL, "--print-manual"]}


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def page(name):
    if name in TOLD:
        return output(*TOLD[name])
    with open(os.path.join(SOURCE, "docs/man", name), encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("name", [*PAGES, *TOLD])
def test_mandoc_finds_no_fault(name):
    need(shutil.which("mandoc"), "mandoc is missing")
    done = subprocess.run(["mandoc", "-Tlint", "-W", "style"], input=page(name), text=True,
                          capture_output=True, check=False)
    faults = [line for line in done.stdout.splitlines()
              if "referenced manual not found" not in line]
    assert not faults, faults


def plain(text):
    """Words of mdoc source, without its macros' ways of writing options."""
    return re.sub(r"(Fl|\||,) -", " --", text).replace("\\\n", "")


def test_the_daemon_s_page_has_every_option():
    text = plain(page("eidcached.8"))
    for option in re.findall(r"--[a-z-]+", output(DAEMON, "--help")):
        assert option in text, option


def commands():
    found = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?) ",
                       output(CTL, "help").split("Options")[0], re.M)
    assert len(found) > 10
    return found


def test_eidctl_s_page_has_every_command_with_its_options():
    text = plain(page("eidctl.1"))
    told, common = text.split("\n.Sh OPTIONS\n")
    for command in commands():
        [part] = re.findall(rf"^\.It Cm {command}(?: Ar .*)?\n((?s:.*?))(?=^\.It Cm|\Z)",
                            told, re.M)
        options = output(CTL, "help", *command.split()).split("\nOptions:\n")[1]
        found = re.findall(r"^  (?:    |-\w, )--([a-z-]+)", options, re.M)
        assert found
        for option in found:
            assert re.search(rf"^\.It .*--{option}\b", part + common, re.M), (command, option)
    for option in ("after", "bits", "config", "follow", "limit", "live", "prefix", "since"):
        assert f"--{option}" not in common


def test_eidctl_s_page_has_the_options_that_help_shows():
    text = plain(page("eidctl.1"))
    for option in re.findall(r"--[a-z-]+", output(CTL, "help").split("Options")[1]):
        assert option in text, option


def test_the_library_s_page_has_every_function():
    with open(os.path.join(SOURCE, "include/eidcache.h"), encoding="utf-8") as file:
        functions = re.findall(r"^EIDCACHE_API (?:enum eidcache_result|void) (\w+)\(", file.read(),
                               re.M)
    assert len(functions) > 10
    for function in functions:
        assert f".Fn {function} " in page("libeidcache.3"), function


def test_the_configuration_s_page_has_every_option():
    options = re.findall(r"^(\S+)  \w+", output(DAEMON, "--help-config"), re.M)
    assert len(options) > 50
    for option in options:
        assert f".It Cm {option.removeprefix('sources.NAME.')} " in page("eidcached.yaml.5"), option


def schema():
    return json.loads(output(DAEMON, "--print-config-schema"))


def as_json(path):
    yaml = pytest.importorskip("yaml")
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def validate(document):
    need(shutil.which("python3"), "python3 is missing")
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    return list(jsonschema.Draft202012Validator(schema()).iter_errors(document))


def test_the_schema_takes_the_sample_whole(tmp_path):
    """Every commented option taken in."""
    text = re.sub(r"^  #(\w+: )", r"  \1", output(DAEMON, "--print-sample-config"), flags=re.M)
    path = tmp_path / "whole.yaml"
    path.write_text(text)
    errors = validate(as_json(path))
    assert not errors, errors


VALID = '''
http: {listen: "127.0.0.1:0", threads: "2", max_body: 65536, trust_proxy: "true", access_log: 1%}
refresh:
eid: {bits: "64", prefix: 7, algorithm: sha512}
snapshot: {dir: "", expected_owner: 123456789012, keep: 3, json: false}
aws: {external_id: 123, profile: 42, max_attempts: 2, region: eu-west-1}
sources:
  names: {type: file, path: 2026, include: [1, "a*"], exclude: 3}
  buckets:
    type: aws
    list: cloudcontrol.resources
    params: {TypeName: "AWS::S3::Bucket"}
    external_id: 9
'''


def test_the_schema_takes_what_the_daemon_takes(tmp_path):
    mixed = tmp_path / "mixed.yaml"
    mixed.write_text(VALID)
    for name in ("config/eidcached.yaml", "docker/lambda/eidcached.yaml",
                 "tests/fuzz/seeds/config/full.yaml", str(mixed)):
        path = os.path.join(SOURCE, name)
        done = subprocess.run([DAEMON, "--check-config", "--config", path], capture_output=True,
                              text=True, check=False, env={**os.environ, "AWS_REGION": "eu-west-1"})
        assert done.returncode == 0, done.stderr
        assert not validate(as_json(path)), path
        printed = tmp_path / "printed.yaml"
        printed.write_text(done.stdout)
        assert not validate(as_json(printed)), done.stdout


@pytest.mark.parametrize("fault", [
    {"eid": {"bits": 60}}, {"http": {"threads": "two"}}, {"http": {"trust_proxy": "perhaps"}},
    {"aws": {"external_id": None}}, {"sources": None},
    {"refres": {}}, {"refresh": {"interval": 5}}, {"refresh": {"interval": "5 minutes"}},
    {"http": {"threads": 0}}, {"sources": {"x": {"path": "/x"}}}, {"sources": {}},
    {"log": {"level": "loud"}}, {"refresh": {"max_shrink": "ten"}},
], ids=str)
def test_the_schema_refuses(fault):
    assert validate(fault)


def complete(line):
    """What bash offers at the end of the line, which it splits at blanks, ':' and '='."""
    words = [word for word in re.split(r"\s+|([:=])", line) if word]
    words += [""] if line.endswith(" ") else []
    script = (f"source {SOURCE}/config/bash-completion/eidctl; PATH={os.path.dirname(CTL)}:$PATH; "
              f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; "
              f"COMP_LINE={shlex.quote(line)}; COMP_POINT={len(line)}; "
              "_eidctl; printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False,
                          cwd=SOURCE)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("line, expected", [
    ("eidctl ", {"forward", "reverse", "image", "status", "help"}),
    ("eidctl hel", {"help"}),
    ("eidctl help im", {"image"}),
    ("eidctl help image li", {"list"}),
    ("eidctl image export --format ", {"eidcache", "tsv"}),
    ("eidctl -o json image export --format=", {"eidcache", "tsv"}),
    ("eidctl --format=js", {"json"}),
    ("eidctl -o ", {"text", "json"}),
    ("eidctl compute --encoding base", {"base32", "base64url"}),
    ("eidctl for", {"forward"}),
    ("eidctl -o json sta", {"status"}),
    ("eidctl --server unix:x ref", {"refresh"}),
    ("eidctl --server=http://h:8627 image di", {"diff"}),
    ("eidctl --limit 5 na", {"names"}),
    ("eidctl image ", {"build", "list", "diff"}),
    ("eidctl image b", {"build"}),
    ("eidctl status --", {"--server", "--format"}),
    ("eidctl -o json changes --fol", {"--follow"}),
    ("eidctl status -o ", {"text", "json"}),
    ("eidctl aws list glue.t", {"glue.tables", "glue.triggers"}),
    ("eidctl --server un", {"unix:"}),
    ("eidctl --server unix:READ", {"README.md"}),
    ("eidctl image build README.md READ", {"README.md"}),
    ("eidctl names --ca=READ", {"README.md"}),
])
def test_completion(line, expected):
    last = re.split(r"[ :=]", line)[-1]
    found = complete(line)
    assert expected <= found and all(word.startswith(last) for word in found), found


@pytest.mark.parametrize("line", [
    "eidctl refresh --wait ", "eidctl refresh --wait=", "eidctl compute --algorithm ",
    "eidctl forward ", "eidctl status ", "eidctl image lookup README.md ", "eidctl names --after ",
    "eidctl image diff a b ", "eidctl help status ", "eidctl dance ", "eidctl dance to ",
])
def test_nothing_is_offered_where_anything_may_stand(line):
    assert complete(line) == set()
