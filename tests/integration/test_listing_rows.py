"""Every row of the listing table listed by the daemon from a stand-in that speaks its service's
protocol: three pages of names each, and as many for every parent."""
import json
import subprocess
import sys

import pytest

from harness import CTL
from standins import SUPPORT

sys.path.insert(0, SUPPORT)
from awsstub import listings  # noqa: E402

ROWS = json.loads(subprocess.check_output([CTL, "aws", "list", "-o", "json"]))
BY_ID = {row["id"]: row for row in ROWS}
UNITS = "organizations.organizational_units"
PAGE = 3
OF_A_KIND = {"Filter": "SERVICE_CONTROL_POLICY", "resourceType": "AWS::EC2::Instance",
             "TypeName": "AWS::S3::Bucket"}  # parameters that are not any text


class Fixture:
    """What the stand-in lists: seven names a listing, and units in units."""

    def __init__(self):
        self.listed = {}
        roots = listings.names_of(self, BY_ID["organizations.roots"], [])
        first = listings.value_of("Id", roots[0])
        below = [f"unit {n}/é%" for n in range(5)]
        self.listed[UNITS] = {
            json.dumps([first]): below,
            json.dumps([listings.value_of("Id", below[4])]): ["at the bottom"],
        }


def needed_params(row):
    chosen = False
    for param in row["params"]:
        if param["need"] == "required" or (param["need"] == "one of" and not chosen):
            chosen |= param["need"] == "one of"
            yield param["name"], OF_A_KIND.get(param["name"], "value")


def source_of(row):
    source = {"type": "aws", "list": row["id"]}
    params = dict(needed_params(row))
    return dict(source, params=params) if params else source


def filled(row, fields):
    """The default name, filled in without the daemon's code."""
    text = row["default_name"]
    for field, value in fields.items():
        text = text.replace("{" + field + "}", value)
    for member in row["members"]:
        text = text.replace("{" + member + "}", listings.value_of(member, fields["name"]))
    return text


def expected(fixture, row, above=(), fields=None):
    """Every name of the row, walking down from its outermost parent."""
    fields = dict(fields or {}, region="eu-west-1")
    if row["recursive"]:
        yield from expected_units(fixture, row)
        return
    if len(above) < len(row["parents"]):
        parent = BY_ID[row["parents"][len(above)]]
        for name in listings.names_of(fixture, parent, list(above)):
            value = listings.value_of(parent["asked_by"], name) if parent["asked_by"] else name
            yield from expected(fixture, row, (*above, value),
                                {**fields, parent["own_field"]: name})
        return
    for name in listings.names_of(fixture, row, list(above)):
        yield filled(row, {**fields, row["own_field"]: name, "name": name})


def expected_units(fixture, row):
    roots = listings.names_of(fixture, BY_ID["organizations.roots"], [])
    waiting = [(name, name) for name in roots]
    while waiting:
        path, name = waiting.pop()
        for unit in listings.names_of(fixture, row, [listings.value_of("Id", name)]):
            yield f"{path}/{unit}"
            waiting.append((f"{path}/{unit}", unit))


def names_in(folder):
    lines = subprocess.check_output([CTL, "image", "list", "-o", "json", f"{folder}/current.eidc"])
    return {json.loads(line)["name"] for line in lines.splitlines()}


@pytest.mark.parametrize("empty_pages", [False, True])
def test_every_row_is_listed_to_its_end(lab, aws, empty_pages):
    fixture = Fixture()
    aws.set(rows=ROWS, listed=fixture.listed, page_size=PAGE, empty_pages=empty_pages)
    sources = {row["id"].replace(".", "_"): source_of(row) for row in ROWS}
    done = lab.once(sources=sources)
    assert aws.seen()["refused"] == []
    assert done.returncode == 0, done.stderr
    want = {name for row in ROWS for name in expected(fixture, row)}
    assert names_in(lab.snapshots) == want
    assert {row for row in BY_ID if aws.calls(row) < 3} == set()


def test_members_make_names_and_eids(lab, aws):
    aws.set(rows=ROWS)
    daemon = lab.start(sources={
        "accounts": {"type": "aws", "list": "organizations.accounts", "eid": "field:/Id",
                     "name": "{Status}:{account}"},
        "functions": {"type": "aws", "list": "lambda.functions",
                      "name": "{region} {FunctionArn} {MemorySize}"}})
    account = listings.names_of(Fixture(), BY_ID["organizations.accounts"], [])[3]
    function = listings.names_of(Fixture(), BY_ID["lambda.functions"], [])[6]
    name = f"Status of {account}:{account}"
    assert daemon.batch("forward", [name]) == {name: f"Id of {account}"}
    assert daemon.batch("reverse", [f"Id of {account}"]) == {f"Id of {account}": name}
    assert daemon.batch("forward", [f"eu-west-1 FunctionArn of {function} 7"]) != {}


def test_parameters_reach_the_service(lab, aws):
    aws.set(rows=ROWS)
    params = {"Database": "dev", "WorkgroupName": "work", "SecretArn": "arn:s"}
    assert lab.once(sources={"s": {"type": "aws", "list": "redshift-data.schemas",
                                   "params": params}}).returncode == 0
    asked = [call["args"] for call in aws.log("redshift-data.schemas")]
    assert asked and all(params.items() <= args.items() for args in asked)
    assert aws.seen()["refused"] == []


def test_one_service_that_refuses_costs_its_own_source_only(lab, aws):
    aws.set(rows=ROWS).fault("kms.aliases", "accessdenied", times=-1)
    done = lab.once(sources={"a": source_of(BY_ID["kms.aliases"]),
                             "b": source_of(BY_ID["kms.keys"])})
    assert done.returncode == 3, done.stderr
    assert names_in(lab.snapshots) == set(expected(Fixture(), BY_ID["kms.keys"]))
    assert "kms ListAliases: AccessDeniedException" in done.stderr


def test_one_scope_of_a_global_service(lab, aws):
    aws.set(rows=ROWS)
    lab.once(sources={"b": {"type": "aws", "list": "s3.buckets",
                            "regions": ["eu-west-1", "eu-central-1"]}})
    assert aws.calls() == {"s3.buckets": 1}
    info = subprocess.check_output([CTL, "image", "info", "-o", "json",
                                    f"{lab.snapshots}/current.eidc"])
    assert [scope["name"] for scope in json.loads(info)["scopes"]] == ["global"]
