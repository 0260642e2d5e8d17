"""No key, token, signature or Authorization header in any output, whatever goes wrong where.

Every way to credentials is driven through every fault of every call it makes, at log level debug,
with secrets that are marked; the stand-in knows what it gave out and what requests were signed
with, and quotes it in its errors. All that the daemon and eidctl say is searched for all of it.
"""
import json
import os

import pytest

from harness import AWS_ENV, poll

KEY, SECRET = "AKIAMARKEDMARKED0001", "MARKED-secret/of+the=environment0001"
OTHER_KEY, OTHER_SECRET = "AKIAMARKEDMARKED0002", "MARKED-secret/of+a=file0002"
MARKS = {KEY, SECRET, OTHER_KEY, OTHER_SECRET, "MARKED"}
ROLE = "arn:aws:iam::222222222222:role/lister"
LISTED = {"s": {"type": "aws", "list": "glue.databases"}}

ANSWERS = ["throttle", "500", "503", "accessdenied", "expired", "quoteall", "quoteparts",
           "quotelines"]
WIRE = ["truncate", "badlength", "corrupt", "reset", "lostreply", "hang"]
PAGES = ["malformed", "notjson", "html502", "wrongtype", "nolist", "loop"]
DOCUMENTS = ["malformed", "errordocument", "linebreak"]


def nothing(lab, aws):
    return {}, {}


def with_role(lab, aws):
    return {}, {"role_arn": ROLE, "external_id": "MARKED-external-id"}


def with_web_identity(lab, aws):
    return dict(dict.fromkeys(AWS_ENV), AWS_ROLE_ARN=ROLE,
                AWS_WEB_IDENTITY_TOKEN_FILE=file_of(lab, "token", "MARKED.web.token\n")), {}


def with_container(lab, aws):
    return dict(dict.fromkeys(AWS_ENV), AWS_CONTAINER_CREDENTIALS_FULL_URI=aws.url + "/ecs/creds",
                AWS_CONTAINER_AUTHORIZATION_TOKEN="MARKED container token"), {}


def with_instance(lab, aws):
    return dict(dict.fromkeys(AWS_ENV), AWS_EC2_METADATA_DISABLED=None,
                AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url), {}


def file_of(lab, name, text):
    path = os.path.join(lab.path, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


WAYS = [  # how credentials come, the calls on the way, and what may become of those
    (nothing, ["GetDatabases"], ANSWERS + WIRE + PAGES),
    (nothing, ["S3.PUT", "S3.GET"], ["throttle", "500", "accessdenied", "conflict", "quoteall",
                                     "quoteparts", "quotelines"] + WIRE),
    (with_role, ["STS.AssumeRole", "GetDatabases"], ANSWERS + WIRE),
    (with_web_identity, ["STS.AssumeRoleWithWebIdentity"], ANSWERS + WIRE),
    (with_container, ["container"], ANSWERS + WIRE + DOCUMENTS),
    (with_instance, ["IMDS.token", "IMDS.get", "IMDS.role"], ANSWERS + WIRE + DOCUMENTS),
]


@pytest.fixture
def marked(lab, aws):
    """The stand-in and a lab whose environment has the marked keys."""
    aws.set(region="", databases=3, buckets=["marks"],
            long_term={KEY: SECRET, OTHER_KEY: OTHER_SECRET})
    return aws


def env_of(env):
    return dict({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}, **env)


def sections(settings):
    return {"aws": dict({"timeout": "300ms", "max_attempts": 2}, **settings), "sources": LISTED,
            "snapshot": {"s3": "s3://marks/p", "addressing": "path"}}


def assert_clean(aws, *texts):
    """Long ones are searched by their beginning as well: whoever cuts must not cut through one."""
    for secret in MARKS | set(aws.secrets()):
        for part in {secret, secret[:24]}:
            for text in texts:
                assert part not in text, f"{part} is in: {text}"


@pytest.mark.parametrize("way, calls, faults", WAYS, ids=lambda p: getattr(p, "__name__", None))
def test_every_fault_of_every_call(lab, marked, way, calls, faults):
    env, settings = way(lab, marked)
    redacted = 0
    for call in calls:
        for fault in faults:
            marked.set(clear=True).fault(call, fault, times=-1)
            done = lab.once(env=env_of(env), **sections(settings))
            assert marked.calls(call) > 0, (call, fault, done.stderr)
            assert_clean(marked, done.stdout, done.stderr)
            redacted += "[redacted]" in done.stderr
    assert len(marked.secrets()) > len(MARKS)  # some were given out, or signed with
    assert redacted > 0 or way in (with_container, with_instance)  # these are never quoted at all


# ---- what is wrong on this side ------------------------------------------------------------------

def process(text):
    """A profile whose process prints this."""
    return f"[default]\ncredential_process = /bin/sh -c '{text}'\n"


FILES = [
    f"[default]\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key {OTHER_SECRET}\n",
    f"aws_secret_access_key = {OTHER_SECRET}\n",
    f"[default\naws_secret_access_key = {OTHER_SECRET}\n",
    f"[default]\naws_access_key_id = {OTHER_KEY}\n",
    f"[default]\naws_access_key_id = {OTHER_KEY}\n  {OTHER_SECRET}\naws_secret_access_key = x\n",
    f"[default]\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key = {OTHER_SECRET}x\n",
    f"[default]\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key = {OTHER_SECRET}\n"
    "aws_session_token = MARKED-session-token\n",
    f"[default]\nrole_arn = {ROLE}\nsource_profile = default\nexternal_id = MARKED-external\n"
    f"mfa_serial = m\naws_access_key_id = {OTHER_KEY}\naws_secret_access_key = {OTHER_SECRET}\n",
    process(f"echo {OTHER_SECRET}"),
    process(f"echo {OTHER_SECRET}; exit 3"),
    process('echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"' + OTHER_KEY
            + f'\\",\\"SecretAccessKey\\":\\"{OTHER_SECRET}'
            + f'\\"}}"; echo it was {OTHER_SECRET} of {OTHER_KEY} >&2; exit 1'),
    process('echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"' + OTHER_KEY
            + f'\\",\\"SecretAccessKey\\":\\"{OTHER_SECRET}\\",\\"Expiration\\":\\"MARKED\\"}}"'),
]


@pytest.mark.parametrize("text", FILES)
def test_files_that_are_wrong(lab, marked, text):
    env = dict(dict.fromkeys(AWS_ENV), AWS_CONFIG_FILE=file_of(lab, "config", text),
               AWS_EC2_METADATA_DISABLED="true")
    done = lab.once(env=env, **sections({}))
    assert done.returncode == 1 and "has 1 problem" not in done.stderr, done.stderr
    who = lab.ctl(None, "aws", "whoami", "--region", "eu-west-1",
                  env=dict(env, AWS_ENDPOINT_URL=marked.url))
    assert who.returncode == 1 and who.stderr.startswith("eidctl: aws whoami: ")
    for secret in MARKS:
        assert secret not in done.stderr + who.stderr + who.stdout, (secret, done.stderr)


ENVIRONMENTS = [
    {"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
    {"AWS_CREDENTIAL_EXPIRATION": "MARKED"},
    {"AWS_SECRET_ACCESS_KEY": None},
    {"AWS_SESSION_TOKEN": "MARKED\rtoken"},
    {"AWS_ACCESS_KEY_ID": "MARKED\nkey"},
    {"AWS_SECRET_ACCESS_KEY": SECRET + "x"},
    {"AWS_ACCESS_KEY_ID": None, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x?MARKED",
     "AWS_CONTAINER_AUTHORIZATION_TOKEN": "MARKED\ntoken"},
    {"AWS_ACCESS_KEY_ID": None,
     "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x?MARKED"},
    {"AWS_ACCESS_KEY_ID": None, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://u:MARKED@evil.test/"},
    {"AWS_ENDPOINT_URL_GLUE": "http://u:MARKED@127.0.0.1:1/"},
    {"HTTPS_PROXY": "http://u:MARKED@127.0.0.1:1", "AWS_REGION": "eu-west-1"},
]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_environments_that_are_wrong(lab, marked, env):
    given = sections({})
    if "AWS_ENDPOINT_URL_GLUE" in env or "HTTPS_PROXY" in env:
        given["aws"]["endpoint_url"] = None
        given["snapshot"] = {}
    done = lab.once(env=env_of(env), **given)
    assert done.returncode == 1 and "has 1 problem" not in done.stderr, done.stderr
    for secret in MARKS:
        assert secret not in done.stderr, (secret, done.stderr)


@pytest.mark.parametrize("text", ["MARKED\r\nX-Evil: 1", "MARKED\n\n", "MARKED token"])
def test_web_identity_tokens_that_are_wrong(lab, marked, text):
    env, settings = with_web_identity(lab, marked)
    file_of(lab, "token", text)
    done = lab.once(env=env_of(env), **sections(settings))
    assert done.returncode == 1 and "web-identity: " in done.stderr, done.stderr
    assert "MARKED" not in done.stderr and marked.calls() == {}


# ---- all the faces of a running daemon -----------------------------------------------------------

def faces(lab, daemon, config, env):
    yield daemon.log()
    for path in ("/v1/status", "/metrics", "/readyz?verbose", "/livez?verbose", "/",
                 "/openapi.json"):
        answer = daemon.get(path)
        yield answer.body.decode()
        yield str(answer.headers)
    for arguments in (("status",), ("status", "-o", "json"), ("refresh", "--wait"),
                      ("aws", "whoami", "--config", config),
                      ("aws", "whoami", "-o", "json", "--config", config)):
        done = lab.ctl(daemon, *arguments, env=env)
        yield done.stdout
        yield done.stderr


def test_what_a_running_daemon_shows(lab, marked):
    env = env_of({})
    daemon = lab.start(env=env, **sections({"role_arn": ROLE})).settle()
    config = daemon.config_path
    assert_clean(marked, *faces(lab, daemon, config, env))
    for fault in ANSWERS + ["reset", "hang"]:
        marked.set(faults=[{"op": op, "do": fault, "times": -1} for op in
                           ("GetDatabases", "STS.AssumeRole", "STS.GetCallerIdentity", "S3.GET",
                            "S3.PUT")])
        daemon.refresh()
        assert_clean(marked, *faces(lab, daemon, config, env))
    source = daemon.status_document()["sources"][0]
    assert source["error"], source
    marked.heal()
    poll("health", lambda: daemon.refresh()["refresh"]["last_result"] == "ok")
    assert json.dumps(daemon.status_document())
    assert_clean(marked, *faces(lab, daemon, config, env))
