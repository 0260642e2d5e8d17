"""Many accounts in one daemon: roles, who shares them, and one that fails fails alone."""
import json
import os

from harness import AWS_ENV, eid, poll

ACCOUNTS = {"one": "111111111111", "two": "222222222222", "three": "333333333333"}
REGIONS = ["eu-west-1", "us-east-1"]
DENIED = {"account": ACCOUNTS["two"], "region": "us-east-1"}


def role(account):
    return f"arn:aws:iam::{ACCOUNTS[account]}:role/lister"


def sources(**more):
    return {name: dict({"type": "aws", "list": "glue.databases", "role_arn": role(name),
                        "regions": REGIONS}, **more) for name in ACCOUNTS}


def with_roles(aws, *, without=(), **more):
    """Each role wants the external id of the configuration; those in without want another one."""
    roles = {role(name): "of-ours" if name not in without else "of-theirs" for name in ACCOUNTS}
    return aws.set(region="", databases=5, own_catalogs=True, roles=roles, **more)


def start(lab, **sections):
    sections.setdefault("sources", sources())
    return lab.start(aws={"external_id": "of-ours", "max_attempts": 1}, **sections).settle()


def names(account, region):
    return [f"{ACCOUNTS[account]}_{region}_db_{n:05d}" for n in range(5)]


def assert_has(daemon, there, account, region):
    """All names of an account's region are there, or none of them."""
    asked = names(account, region)
    found = daemon.batch("forward", asked)
    assert found == {name: eid(name) if there else None for name in asked}, (account, region)


def of(status, account):
    return next(s for s in status["sources"] if s["name"] == account)


def test_three_accounts_two_regions_each(lab, aws):
    with_roles(aws)
    daemon = start(lab)
    for account in ACCOUNTS:
        for region in REGIONS:
            assert_has(daemon, True, account, region)
    assert aws.calls() == {"STS.AssumeRole": 3, "GetDatabases": 6}
    assert {call["form"]["RoleArn"] for call in aws.log("STS.AssumeRole")} == {
        role(account) for account in ACCOUNTS}
    assert {call["region"] for call in aws.log("STS.AssumeRole")} == {"eu-west-1"}  # aws.region
    assert aws.seen()["refused"] == []
    daemon.refresh()
    assert aws.calls("STS.AssumeRole") == 3  # the sets are kept


def test_sources_of_one_account_share_its_role(lab, aws):
    with_roles(aws)
    two = sources()["two"]
    daemon = start(lab, sources={"first": two, "second": dict(two, include=["*_00001"])},
                   refresh={"concurrency": 1})
    assert_has(daemon, True, "two", "us-east-1")
    assert aws.calls() == {"STS.AssumeRole": 1, "GetDatabases": 4}


def test_one_account_denied_in_one_region_from_the_start(lab, aws):
    with_roles(aws, denied=[DENIED])
    daemon = start(lab)
    for account in ACCOUNTS:
        for region in REGIONS:
            assert_has(daemon, (account, region) != ("two", "us-east-1"), account, region)
    status = daemon.status_document()
    assert status["refresh"]["last_result"] == "partial"
    assert [of(status, name)["failed_scopes"] for name in ACCOUNTS] == [0, 1, 0]
    error = of(status, "two")["error"]
    assert "us-east-1" in error and "AccessDeniedException" in error, error
    assert ACCOUNTS["two"] in error, error
    assert of(status, "one")["error"] is None and of(status, "three")["error"] is None


def test_one_account_denied_in_one_region_later(lab, aws):
    with_roles(aws)
    daemon = start(lab)
    poll("three seconds", lambda: age(daemon, "two", "us-east-1") >= 3)
    aws.set(denied=[DENIED])
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "partial"
    fresh = [age(daemon, account, region) for account in ACCOUNTS for region in REGIONS
             if (account, region) != ("two", "us-east-1")]
    assert age(daemon, "two", "us-east-1") >= max(fresh) + 2
    for account in ACCOUNTS:
        for region in REGIONS:
            assert_has(daemon, True, account, region)  # nothing is lost
    assert [of(status, name)["failed_scopes"] for name in ACCOUNTS] == [0, 1, 0]
    assert "us-east-1" in of(status, "two")["error"]
    aws.set(denied=[])
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "ok"
    assert of(status, "two")["error"] is None


def age(daemon, account, region):
    return int(daemon.forward(names(account, region)[0]).headers["age"])


def test_one_role_refused_from_the_start(lab, aws):
    with_roles(aws, without=["three"])
    daemon = start(lab)
    for account in ACCOUNTS:
        for region in REGIONS:
            assert_has(daemon, account != "three", account, region)
    status = daemon.status_document()
    assert status["refresh"]["last_result"] == "partial"
    assert [of(status, name)["failed_scopes"] for name in ACCOUNTS] == [0, 0, 2]
    error = of(status, "three")["error"]
    assert f"credentials: role {role('three')}: sts AssumeRole: AccessDenied" in error, error
    assert aws.calls("STS.AssumeRole") == 3  # told to both regions, asked once
    assert aws.calls("GetDatabases") == 4


def test_one_role_refused_later(lab, aws):
    with_roles(aws, creds_ttl=61)  # so short that every refresh asks anew a second later
    daemon = start(lab)
    poll("three seconds", lambda: age(daemon, "three", "eu-west-1") >= 3)
    with_roles(aws, without=["three"], creds_ttl=61)
    status = daemon.refresh()
    assert [of(status, name)["failed_scopes"] for name in ACCOUNTS] == [0, 0, 2]
    assert_has(daemon, True, "three", "us-east-1")
    fresh = [age(daemon, account, region) for account in ("one", "two") for region in REGIONS]
    assert age(daemon, "three", "eu-west-1") >= max(fresh) + 2
    assert "AccessDenied" in of(status, "three")["error"]


def test_an_account_that_hangs_holds_nobody_up(lab, aws):
    with_roles(aws)
    aws.fault("STS.AssumeRole", "hang")  # the first of the three that asks
    lab.start(wait="listening", aws={"external_id": "of-ours", "timeout": "6s", "max_attempts": 2},
              sources=sources(), refresh={"concurrency": 1})
    poll("all six listings", lambda: aws.calls("GetDatabases") == 6, timeout=60)
    hung = aws.log("STS.AssumeRole")[0]
    assert aws.calls("STS.AssumeRole") == 4
    listed = aws.log("GetDatabases")
    assert [role_account(hung) == call["account"] for call in listed] == [False] * 4 + [True] * 2


def role_account(call):
    return call["form"]["RoleArn"].split(":")[4]


# ---- other ways to a role -----------------------------------------------------------------------

def test_a_web_identity(lab, aws):
    with_roles(aws)
    aws.set(web_token="token-of-the-pod", roles={role("one"): None})
    token = os.path.join(lab.path, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("token-of-the-pod\n")
    env = dict.fromkeys(AWS_ENV) | {"AWS_WEB_IDENTITY_TOKEN_FILE": token,
                                    "AWS_ROLE_ARN": role("one")}
    daemon = lab.start(env=env, sources={"s": {"type": "aws", "list": "glue.databases"}})
    assert_has(daemon, True, "one", "eu-west-1")
    assert aws.calls() == {"STS.AssumeRoleWithWebIdentity": 1, "GetDatabases": 1}
    assert aws.seen()["refused"] == []


def test_profiles(lab, aws):
    with_roles(aws)
    aws.set(long_term={"AKIAOFPROFILE": "secret-of-the-profile"})
    document = {"Version": 1, "AccessKeyId": "AKIAOFPROFILE",
                "SecretAccessKey": "secret-of-the-profile"}
    os.mkdir(os.path.join(lab.path, ".aws"))
    with open(os.path.join(lab.path, ".aws/config"), "w", encoding="utf-8") as file:
        file.write(f"[profile process]\ncredential_process = /bin/echo '{json.dumps(document)}'\n"
                   f"[profile role]\nrole_arn = {role('two')}\nexternal_id = of-ours\n"
                   "role_session_name = by-profile\nsource_profile = process\n"
                   f"[profile circle]\nrole_arn = {role('two')}\nsource_profile = circle\n")
    listed = {"type": "aws", "list": "glue.databases"}
    daemon = lab.start(env=dict.fromkeys(AWS_ENV), sources={
        name: dict(listed, profile=name) for name in ("process", "role", "circle")}).settle()
    status = daemon.status_document()
    assert "source_profile goes in a circle" in of(status, "circle")["error"]
    assert of(status, "process")["error"] is None and of(status, "role")["error"] is None
    assert_has(daemon, True, "two", "eu-west-1")
    assert aws.log("STS.AssumeRole")[0]["form"]["RoleSessionName"] == "by-profile"
    assert "secret-of-the-profile" not in daemon.log()


def test_whoami(lab, aws):
    with_roles(aws)
    config = lab.write_config(lab.config(aws={"external_id": "of-ours", "role_arn": role("one")},
                                         sources=sources()))
    said = lab.ctl(None, "aws", "whoami", "--config", config, "-o", "json")
    assert said.returncode == 0, said.stderr
    who = json.loads(said.stdout)
    assert who["account"] == ACCOUNTS["one"] and who["provider"] == "assume-role"
    assert who["arn"].startswith(f"arn:aws:sts::{ACCOUNTS['one']}:assumed-role/lister/eidcached")
    assert who["expires_at"].endswith("Z")
    other = lab.ctl(None, "aws", "whoami", "--config", config, "--role-arn", role("one") + "x")
    assert other.returncode == 1
    assert "AccessDenied" in other.stderr and other.stdout == ""
    for secret in aws.secrets():
        assert secret not in said.stdout + other.stderr
