"""Every row of the listing table against botocore's models of the APIs. Where Debian's is older
than the row, the extras file says what there is now, and the test prints what it was.

Not in any model, and so not judged here: whether a service's limit is what its documentation says
when the model has none, codes of errors that are not modelled, and IAM actions that are not the
operation's name."""
import copy
import json
import os
import subprocess
import sys

import botocore.exceptions
import pytest

from harness import CTL
from standins import SUPPORT

sys.path.insert(0, SUPPORT)
from awsstub import models, rows  # noqa: E402

ROWS = json.loads(subprocess.check_output([CTL, "aws", "list", "-o", "json"]))
BY_ID = {row["id"]: row for row in ROWS}
# What a wrong row could say instead, attribute by attribute; {} stands for what is there.
OTHERS = {
    "operation": ["{}s", "Describe"],
    "protocol": ["json-1.0", "json-1.1", "rest-json", "rest-xml"],
    "target": ["{}x", None],
    "signing_name": ["{}x", "execute-api"],
    "endpoint": ["{}x"],
    "endpoint_variable": ["{}_X"],
    "global": [True, False],
    "method": ["GET", "POST", "PUT", None],
    "path": ["{}/", "/x", None],
    "token_in": ["{}x", "Next"],
    "token_out": ["{}x", "Next", None],
    "more": ["HasMore", "Truncated", None],
    "limit_key": ["Max", "PageSize", None],
    "limit": [0, 10001, 100000],
    "list": ["{}x", "Items"],
    "name": ["{}x", None],
    "last_part": [True, False],
    "members": [["{}", "Nonsense"], ["{}", "{}"]],
    "objects": [["{}", "Nonsense"], ["Name"]],
    "parent_keys": [["{}", "Nonsense"], ["Nonsense"]],
    "asked_by": ["Nonsense"],
    "gone": [["NonsenseException"]],
    "constants": [{"Nonsense": "1"}],
    "optional": [{"Nonsense": "1"}],
    "params": [[{"name": "Nonsense", "need": "optional", "default": None, "actions": []}]],
    "actions": [["nonsense:Action"], ["{}", "glue:*"]],
}


def age():
    """Rows for which Debian's own model does not do, and why."""
    found = {}
    for row in ROWS:
        try:
            problems = rows.problems(row, models.service(row["endpoint_variable"], extras=False))
        except botocore.exceptions.UnknownServiceError as error:
            problems = [str(error).split(".")[0]]
        if problems:
            found[row["id"]] = problems
    return found


def changed(row, attribute):
    """Copies of the row with another value of the attribute."""
    for other in OTHERS[attribute]:
        value = _filled(other, row[attribute])
        if value is not None or other is None:
            if value != row[attribute]:
                yield dict(copy.deepcopy(row), **{attribute: value})


def _filled(other, old):
    """None where {} stands for something that is not there."""
    if isinstance(other, str) and "{}" in other:
        return None if old is None else other.replace("{}", old)
    if isinstance(other, list) and "{}" in other:
        rest = [one for one in other if one != "{}"]
        return old + rest if rest else old + old if old else None
    return other


def required_parts(row):
    """Copies that lack something the operation requires."""
    for attribute in ("params", "parent_keys"):
        for at, part in enumerate(row[attribute]):
            must = attribute == "parent_keys" or part["need"] == "required" or part["default"]
            if must and row["id"] != "s3tables.tables":  # whose namespace is optional to AWS
                less = row[attribute][:at] + row[attribute][at + 1 :]
                yield dict(copy.deepcopy(row), **{attribute: less})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_row_is_what_the_model_says(row):
    assert rows.problems(row, models.service(row["endpoint_variable"])) == []


def test_models_that_are_older_than_the_rows_are_known(capsys):
    """So that an extras file goes when the model has caught up."""
    found = age()
    with capsys.disabled():
        for row, problems in found.items():
            print(f"\nDebian's model is older than {row}: {'; '.join(problems)}", end="")
    folders = {models.FOLDERS.get(BY_ID[row]["endpoint_variable"],
                                  BY_ID[row]["endpoint_variable"].lower()) for row in found}
    assert folders == set(os.listdir(models.EXTRAS))


@pytest.mark.parametrize("attribute", OTHERS)
def test_a_wrong_row_is_found_out(attribute):
    """Each attribute of each row, changed, is a finding: else the test above shows nothing."""
    tried, missed = 0, []
    for row in ROWS:
        for wrong in changed(row, attribute):
            tried += 1
            if not rows.problems(wrong, models.service(row["endpoint_variable"])):
                missed.append((row["id"], wrong[attribute]))
    assert missed == []
    assert tried >= 1


def test_what_is_required_and_not_given_is_found_out():
    wrong = [row for one in ROWS for row in required_parts(one)]
    assert len(wrong) >= 10
    for row in wrong:
        assert rows.problems(row, models.service(row["endpoint_variable"])), row["id"]


def test_a_limit_over_the_models_maximum_is_found_out():
    limited = 0
    for row in ROWS:
        operation = models.service(row["endpoint_variable"]).operation_model(row["operation"])
        shape = models.by_wire_name(operation.input_shape).get(row["limit_key"])
        if shape is not None and "max" in shape.metadata:
            limited += 1
            wrong = dict(row, limit=shape.metadata["max"] + 1)
            assert rows.problems(wrong, models.service(row["endpoint_variable"])), row["id"]
    assert limited >= 40


def test_every_row_of_another_operation_is_found_out():
    """A row that has all attributes of its neighbour but the operation."""
    for row, other in zip(ROWS, ROWS[1:]):
        if row["endpoint_variable"] == other["endpoint_variable"]:
            wrong = dict(row, operation=other["operation"])
            assert rows.problems(wrong, models.service(row["endpoint_variable"])), row["id"]
