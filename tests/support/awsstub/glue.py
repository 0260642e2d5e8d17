"""Glue's GetDatabases and GetTables, as strict as the service about what it is sent."""
import base64
import json
import os
import zlib

from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator

from awsstub import faults, models, rows, signature
from awsstub.state import Refuse
from awsstub.wire import Answer

TYPE = "application/x-amz-json-1.1"
TARGET = "AWSGlue."
LISTS = {"GetDatabases": "DatabaseList", "GetTables": "TableList"}
CREATED = 1.7e9


def model():
    return models.service("GLUE")


def serve(state, request):
    operation = request.header["x-amz-target"][len(TARGET):]
    entry = state.called(operation)
    try:
        if not state.settings["trusting"]:
            region = signature.verify(state, request, "glue")
            entry["account"], entry["region"] = state.admit(signature.key_of(request), region)
        state.throttle("glue")
        return _serve(state, request, operation, entry)
    except Refuse as refusal:
        entry["refused"] = refusal.code
        raise


def _serve(state, request, operation, entry):
    if request.header.get("content-type") != TYPE:
        raise Refuse(400, "SerializationException", "unknown content type")
    arguments = _arguments(state, request, operation)
    database = arguments.get("DatabaseName")
    catalog = f"{entry['account']}_{entry['region']}_" if state.settings["own_catalogs"] else ""
    items = _items(state, operation, database)
    start, bound = _start(state, operation, arguments)
    size = min(arguments.get("MaxResults", 100), state.settings["page_size"])
    page = start // size + 1
    entry.update(args=arguments, page=page)
    fault = faults.take(state, op=operation, page=page, database=database)
    faults.refuse(fault, faults.ERRORS, request)
    token = _token(state, operation, bound, start + size) if start + size < len(items) else None
    names_only = arguments.get("AttributesToGet") == ["NAME"]
    chunk = [catalog + name for name in items[start : start + size]] if catalog else (
        items[start : start + size])
    if fault is None:
        key = (operation, database, catalog, start, size, names_only)
        return _answer(_page(state, key, chunk), token)
    members = {LISTS[operation]: [_object(name, database, names_only) for name in chunk]}
    again = arguments.get("NextToken") if fault == "loop" else token
    if fault == "emptypage":  # and the next page is the one that this should have been
        again = _token(state, operation, bound, start)
    return faults.damage_page(fault, _answer(json.dumps(members).encode(), token), members, again)


def _arguments(state, request, operation):
    if state.settings["trusting"]:
        return json.loads(request.body)
    try:
        arguments = json.loads(request.body)
        shape = model().operation_model(operation).input_shape
    except ValueError:
        raise Refuse(400, "SerializationException", "not JSON") from None
    except OperationNotFoundError:
        raise Refuse(400, "UnknownOperationException", operation) from None
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        raise Refuse(400, "InvalidInputException", report.generate_report())
    problems = list(rows.over_limits(shape, arguments, operation))
    if state.settings["reject_attributes"] and "AttributesToGet" in arguments:
        problems.append("Unknown parameter in input: AttributesToGet")
    if problems:
        raise Refuse(400, "InvalidInputException", "; ".join(problems))
    return arguments


def _items(state, operation, database):
    if operation == "GetDatabases":
        return state.databases
    if operation != "GetTables":
        raise Refuse(400, "UnknownOperationException", operation)
    if database in state.gone or database not in state.known:
        raise Refuse(400, "EntityNotFoundException", f"Database {database} not found.")
    return state.tables_of(database)


def _start(state, operation, arguments):
    """Where the page starts, and what its successor's token is bound to."""
    fixed = {k: v for k, v in arguments.items() if k not in ("NextToken", "MaxResults")}
    bound = json.dumps(fixed, sort_keys=True)
    token = arguments.get("NextToken")
    if not token:
        return 0, bound
    held = state.tokens.get(token)
    if held is None or held[:2] != (operation, bound):
        raise Refuse(400, "InvalidInputException", "Invalid NextToken")
    return held[2], bound


def _token(state, operation, bound, start):
    token = base64.b64encode(os.urandom(48)).decode()  # with '+', '/' and '='
    state.tokens[token] = (operation, bound, start)
    return token


def _object(name, database, names_only):
    item = {"Name": name, "CatalogId": "123456789012"}
    if database is not None:
        item["DatabaseName"] = database
    if not names_only:
        item.update(Description="d" * 40, CreateTime=CREATED)
    return item


def _page(state, key, chunk):
    """A page's members without its token; kept, because a test may list them many times."""
    if key not in state.pages:
        operation, database, _, _, _, names_only = key
        items = [_object(name, database, names_only) for name in chunk]
        state.pages[key] = json.dumps({LISTS[operation]: items}).encode()
    return state.pages[key]


def _answer(body, token):
    if token is not None:
        body = body[:-1] + b', "NextToken": ' + json.dumps(token).encode() + b"}"
    return Answer(200, body, TYPE, [("x-amz-crc32", str(zlib.crc32(body)))])
