"""Any list operation that a row of the listing table is for (control's `rows`), as its service has
it: what it is sent is judged by botocore's model and signature; what it answers has the row's
shape and the service's quirks: empty pages with a token, flags that say more, names as tokens,
tokens that are "" or null at the end, no token unless a limit was sent, checksums.
"""
import base64
import json
import os
import re
import urllib.parse
import zlib
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator

from awsstub import faults, models, rows, signature
from awsstub.state import Refuse
from awsstub.wire import Answer

SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/[^/]+/([^/]+)/")
COUNT = 7  # names of a listing for which control's `listed` says nothing
ENDS = {"tagging.resources": "", "servicediscovery.services": None, "athena.databases": ""}
CHECKSUMS = ("dynamodb.tables", "glue.jobs")
NO_TOKEN_WITHOUT_LIMIT = ("sqs.queues",)
CREATED = "2026-01-01T00:00:00Z"


def find(state, request):
    """The row that the request is for, or None."""
    target = request.header.get("x-amz-target")
    scope = SCOPE.search(request.header.get("authorization", ""))
    for row in state.rows:
        if target:
            if target == f"{row['target']}.{row['operation']}":
                return row
        elif scope and row["signing_name"] == scope[1] and _labels(row, request) is not None:
            return row
    return None


def _labels(row, request):
    """The labels of the path, decoded; None when it is another operation's."""
    model = models.service(row["endpoint_variable"]).operation_model(row["operation"])
    if row["method"] is None or request.method != model.http["method"]:
        return None
    pattern = re.sub("{(.*?)}", r"(?P<\1>[^/]+)", model.http["requestUri"])
    match = re.fullmatch(pattern, request.path)
    return match and {k: urllib.parse.unquote(v) for k, v in match.groupdict().items()}


def serve(state, request, row):
    entry = state.called(row["id"])
    model = models.service(row["endpoint_variable"])
    operation = model.operation_model(row["operation"])
    metadata = model.metadata
    try:
        signature.verify(state, request, metadata.get("signingName", metadata["endpointPrefix"]))
        arguments = _arguments(row, request, operation, metadata)
    except Refuse as refusal:
        entry["refused"] = refusal.code
        raise
    entry["args"] = arguments
    return _page(state, row, operation, arguments)


# --- what was sent -------------------------------------------------------------------------------


def _arguments(row, request, operation, metadata):
    """As the wire has them: {name on the wire: value}."""
    if operation.http["method"] == "GET":
        arguments = _query(row, request, operation)
    else:
        arguments = _body(request, metadata)
    members = models.by_wire_name(operation.input_shape)
    names = models.member_names(operation.input_shape)
    unknown = set(arguments) - set(members)
    if unknown:
        raise Refuse(400, "ValidationException", f"unknown members {sorted(unknown)}")
    own = {names[key]: value for key, value in arguments.items()}
    report = ParamValidator().validate(own, operation.input_shape)
    problems = list(rows.over_limits(operation.input_shape, own, operation.name))
    if report.has_errors() or problems:
        raise Refuse(400, "ValidationException", report.generate_report() + "; ".join(problems))
    return arguments


def _query(row, request, operation):
    if request.body or "content-type" in request.header:
        raise Refuse(400, "ValidationException", "a GET with a body")
    pairs = urllib.parse.parse_qsl(request.query, keep_blank_values=True, strict_parsing=True)
    members = models.by_wire_name(operation.input_shape)
    found = dict(_labels(row, request))
    for key, text in pairs:
        shape = members.get(key)
        found[key] = int(text) if shape is not None and shape.type_name == "integer" else text
    return found


def _body(request, metadata):
    rpc = metadata["protocol"] == "json"
    want = f"application/x-amz-json-{metadata['jsonVersion']}" if rpc else "application/json"
    if request.header.get("content-type") != want or request.query:
        raise Refuse(400, "UnsupportedMediaType", f"it is not {want}, or there is a query")
    try:
        return json.loads(request.body)
    except ValueError:
        raise Refuse(400, "SerializationException", "not JSON") from None


# --- what there is -------------------------------------------------------------------------------


def names_of(state, row, parents):
    """What the row's listing holds below these parents' values."""
    listed = state.listed.get(row["id"], {})
    if json.dumps(parents) in listed:
        return listed[json.dumps(parents)]
    if row["recursive"]:
        return []
    separator = "-" if row["last_part"] else "/"
    return [f"{row['id']}{separator}ü <&{number}>" for number in range(COUNT)]


def value_of(member, name):
    """What a member of the element of this name holds, if it is a string."""
    return f"{member} of {name}"


def _element(row, shape, name, arguments):
    if row["name"] is None:
        return f"https://host/123456789012/{name}" if row["last_part"] else name
    element = {}
    only = row["optional"] and set(row["optional"]) <= set(arguments)
    for member, kind in models.by_wire_name(shape).items():
        if kind.type_name in rows.SCALARS and not only:
            element[member] = {"string": value_of(member, name), "boolean": True}.get(
                kind.type_name, 7)
        elif kind.type_name == "timestamp" and not only:
            element[member] = CREATED
    first, _, rest = row["name"].partition("/")
    element[first] = [name] if rest else name
    return element


# --- pages ---------------------------------------------------------------------------------------


def _page(state, row, operation, arguments):
    fault = faults.take(state, op=row["id"])
    faults.refuse(fault, faults.ERRORS)
    parents = [arguments[key] for key in row["parent_keys"]]
    names = names_of(state, row, parents)
    size = min(arguments.get(row["limit_key"], 100), state.settings["page_size"])
    if row["id"] in NO_TOKEN_WITHOUT_LIMIT and row["limit_key"] not in arguments:
        size = len(names)
    start, empty = _start(state, row, operation, names, arguments)
    end = start if empty else start + size
    shape = rows.element_shape(row, operation)
    chunk = [_element(row, shape, name, arguments) for name in names[start:end]]
    token = _token(state, row, operation, names, arguments, end)
    answer = _xml(row, chunk, token) if row["protocol"] == "rest-xml" else _json(row, chunk, token)
    return faults.damage_wire(fault, answer)


def _by_name(row, operation):
    """Is a page's token the last name of the one before?"""
    return row["token_out"] is None or row["token_out"].endswith("Name")


def _start(state, row, operation, names, arguments):
    token = arguments.get(row["token_in"])
    if token is None:
        return 0, False
    if _by_name(row, operation):
        return names.index(token) + 1, False
    fixed = {k: v for k, v in arguments.items() if k != row["token_in"]}
    held = state.tokens.get(token)
    if held is None or held[0] != row["id"] or held[1] != fixed:
        raise Refuse(400, "ValidationException", "Invalid token")
    return held[2], held[3]


def _token(state, row, operation, names, arguments, end):
    """The one behind this page; None: it was the last."""
    if end >= len(names):
        return None
    if _by_name(row, operation):
        return names[end - 1]
    fixed = {k: v for k, v in arguments.items() if k != row["token_in"]}
    token = base64.b64encode(os.urandom(33)).decode() + "+/="
    empty = state.settings["empty_pages"] and end not in state.emptied[row["id"], str(fixed)]
    state.emptied[row["id"], str(fixed)].add(end)
    state.tokens[token] = (row["id"], fixed, end, empty)
    return token


def _json(row, chunk, token):
    document = {row["list"]: chunk}
    if row["token_out"] and token is not None:
        document[row["token_out"]] = token
    elif row["id"] in ENDS:
        document[row["token_out"]] = ENDS[row["id"]]
    if row["more"]:
        document[row["more"]] = token is not None
    body = json.dumps(document).encode()
    headers = [("x-amz-crc32", str(zlib.crc32(body)))] if row["id"] in CHECKSUMS else []
    return Answer(200, body, "application/json", headers)


def _xml(row, chunk, token):
    root, holder, element = row["list"].split("/")
    items = "".join(
        f"<{element}>" + "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in one.items()) +
        f"</{element}>" for one in chunk)
    more = f"<{row['token_out']}>{token}</{row['token_out']}>" if token is not None else ""
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="http://s3.amazonaws.com/">'
            f"<Owner><ID>7</ID></Owner><{holder}>{items}</{holder}>{more}</{root}>")
    return Answer(200, text.encode(), "application/xml")
