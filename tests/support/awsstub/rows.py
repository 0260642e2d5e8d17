"""What is wrong with a row of the listing table (as `eidctl aws list -o json` prints it), judged by
a model of the API. No finding is an empty list."""
import json
import re

from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator

from awsstub.models import by_wire_name, member_names

PROTOCOLS = {"json-1.0": ("json", "1.0"), "json-1.1": ("json", "1.1"),
             "rest-json": ("rest-json", None), "rest-xml": ("rest-xml", None)}
SCALARS = ("string", "integer", "long", "boolean", "float", "double", "character")
OBJECTS = ("structure", "map")
TOKEN = re.compile("token|marker|^lastevaluated|^exclusivestart", re.I)
LIMIT = re.compile("^(max-?(results|items|buckets|namespaces|tables)|limit|resourcesperpage)$",
                   re.I)
MORE = re.compile("^(hasmore|(is)?truncated)", re.I)
ARN_OR_URL = re.compile("(arn|url)s$", re.I)
# IAM's prefix where it is not the signing name, and actions that are not the operation's name.
PREFIXES = {"cloudcontrolapi": "cloudformation", "tagging": "tag"}
ACTIONS = {"s3.buckets": "s3:ListAllMyBuckets", "keyspaces.keyspaces": "cassandra:Select"}
EVERYWHERE_THE_SAME = ("organizations.", "s3.buckets")


def problems(row, model):
    found = list(_service(row, model))
    try:
        operation = model.operation_model(row["operation"])
    except OperationNotFoundError:
        return found + [f"there is no operation {row['operation']}"]
    for check in (_http, _members_sent, _required, _values, _limit, _tokens, _more, _elements,
                  _errors, _actions):
        found += list(check(row, operation))
    return found


def _service(row, model):
    metadata = model.metadata
    protocol, version = PROTOCOLS[row["protocol"]]
    signs = metadata.get("signingName", metadata["endpointPrefix"])
    variable = metadata["serviceId"].upper().replace(" ", "_").replace("-", "_")
    yield from _same("protocol", protocol, metadata["protocol"])
    if protocol == "json":
        yield from _same("JSON version", version, metadata.get("jsonVersion"))
    yield from _same("target", row["target"],
                     metadata.get("targetPrefix") if protocol == "json" else None)
    yield from _same("signing name", row["signing_name"], signs)
    yield from _same("endpoint", row["endpoint"], metadata["endpointPrefix"])
    yield from _same("endpoint variable", row["endpoint_variable"], variable)
    yield from _same("global", row["global"], row["id"].startswith(EVERYWHERE_THE_SAME))


def _same(what, ours, theirs):
    if ours != theirs:
        yield f"{what} is {theirs!r}, not {ours!r}"


def _http(row, operation):
    method, path = operation.http["method"], operation.http["requestUri"]
    if row["protocol"].startswith("json"):
        yield from _same("method and path", (row["method"], row["path"]), (None, None))
        yield from _same("the model's method and path", ("POST", "/"), (method, path))
    else:
        yield from _same("method", row["method"], method)
        yield from _same("path", row["path"], path)


def sent(row):
    """Every member of the request that the row may send, and what for."""
    for key in row["parent_keys"]:
        yield key, "parent"
    for param in row["params"]:
        yield param["name"], "parameter"
    for kind in ("constants", "optional"):
        for key in row[kind]:
            yield key, kind
    yield row["token_in"], "token"
    if row["limit_key"]:
        yield row["limit_key"], "limit"


def _members_sent(row, operation):
    members = by_wire_name(operation.input_shape)
    labels = re.findall("{(.*?)}", row["path"] or "")
    for key, what in sent(row):
        if key not in members:
            yield f"{what}: the request has no member {key}"
            continue
        shape = members[key]
        where = shape.serialization.get("location")
        want = "uri" if key in labels else "querystring" if row["method"] == "GET" else None
        yield from _same(f"place of {key}", want, where)
        if what in ("parent", "parameter", "token") and shape.type_name != "string":
            yield f"{what}: {key} is a {shape.type_name}, not a string"
    keys = [key for key, _ in sent(row)]
    yield from (f"{key} is sent twice" for key in set(keys) if keys.count(key) > 1)
    yield from (f"nothing gives {{{label}}}" for label in labels if label not in row["parent_keys"])


def _required(row, operation):
    surely = set(row["parent_keys"]) | set(row["constants"]) | {row["limit_key"]}
    surely |= {p["name"] for p in row["params"] if p["need"] == "required" or p["default"]}
    names = member_names(operation.input_shape)
    must = {name for name, own in names.items() if own in operation.input_shape.required_members}
    yield from (f"{name} is required and not surely given" for name in sorted(must - surely))
    needless = {p["name"] for p in row["params"] if p["need"] == "required"} - must
    yield from (f"{name} is not required" for name in sorted(needless))


def sample(row, operation):
    """A request as the row makes it, under the model's own names."""
    names = member_names(operation.input_shape)
    values = {key: "x" * 20 for key, what in sent(row) if what in ("parent", "parameter")}
    for kind in ("constants", "optional"):
        values.update({key: json.loads(text) for key, text in row[kind].items()})
    if row["limit_key"]:
        values[row["limit_key"]] = row["limit"]
    return {names[key]: value for key, value in values.items() if key in names}


def _values(row, operation):
    if operation.input_shape is None:
        return
    arguments = sample(row, operation)
    report = ParamValidator().validate(arguments, operation.input_shape)
    if report.has_errors() and "Missing required" not in report.generate_report():
        yield report.generate_report()
    for key in [*row["constants"], *row["optional"]]:
        name = member_names(operation.input_shape).get(key)
        if name:
            yield from over_limits(operation.input_shape.members[name], arguments[name], key)


def over_limits(shape, value, path):
    """What botocore's ParamValidator leaves out: maxima and enumerations."""
    size = len(value) if isinstance(value, (str, list, dict)) else value
    if "max" in shape.metadata and size > shape.metadata["max"]:
        yield f"{path}: {size} is over the maximum {shape.metadata['max']}"
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    if shape.type_name == "structure":
        for key, member in value.items():
            yield from over_limits(shape.members[key], member, f"{path}.{key}")
    elif shape.type_name == "list":
        for at, member in enumerate(value):
            yield from over_limits(shape.member, member, f"{path}[{at}]")


def _limit(row, operation):
    members = by_wire_name(operation.input_shape)
    there = [name for name in members if LIMIT.match(name)]
    yield from _same("limit", [row["limit_key"]] if row["limit_key"] else [], there)
    shape = members.get(row["limit_key"])
    if shape is None:
        yield from _same("limit without a member for it", row["limit"], 0)
        return
    if shape.type_name != "integer":
        yield f"{row['limit_key']} is a {shape.type_name}"
    low, high = shape.metadata.get("min", 1), shape.metadata.get("max", 10000)
    if not max(low, 1) <= row["limit"] <= high:
        yield f"limit {row['limit']} is not in {low} to {high}"


def _tokens(row, operation):
    members = by_wire_name(operation.output_shape)
    there = [name for name, shape in members.items()
             if TOKEN.search(name) and shape.type_name == "string"]
    if row["token_out"] is None:
        yield from (f"the answer has a token, {name}" for name in there)
        yield from _same("token without one in the answer: more", bool(row["more"]), True)
    elif row["token_out"] not in there:
        yield f"the answer has no token {row['token_out']}; it has {there}"
    if not TOKEN.search(row["token_in"]):
        yield f"{row['token_in']} is not what a token is called"
    asks = [name for name, shape in by_wire_name(operation.input_shape).items()
            if TOKEN.search(name) and shape.type_name == "string"]
    if row["token_out"] in asks and row["token_in"] != row["token_out"]:
        yield f"the token goes back as {row['token_out']}"


def _more(row, operation):
    flags = [name for name, shape in by_wire_name(operation.output_shape).items()
             if MORE.match(name) and shape.type_name == "boolean"]
    yield from _same("more", [row["more"]] if row["more"] else [], flags)


def _list_shape(row, operation):
    parts = row["list"].split("/")
    if row["protocol"] == "rest-xml":  # the root, the list, an element
        parts = parts[1:2]
    shape = operation.output_shape
    for part in parts:
        shape = by_wire_name(shape).get(part) if shape.type_name == "structure" else None
        if shape is None:
            return None
    return shape


def element_shape(row, operation):
    """What the list holds; None: there is no such list."""
    shape = _list_shape(row, operation)
    return shape.member if shape is not None and shape.type_name == "list" else None


def _at(shape, path):
    for part in path.split("/"):
        if shape.type_name == "list" and part.isdigit():
            shape = shape.member
        elif shape.type_name == "structure" and part in by_wire_name(shape):
            shape = by_wire_name(shape)[part]
        else:
            return None
    return shape


def _elements(row, operation):
    element = element_shape(row, operation)
    if element is None:
        yield f"the answer has no list {row['list']}"
        return
    if row["protocol"] == "rest-xml":
        yield from _same("an element's name", row["list"].split("/")[2:],
                         [element.serialization.get("name")])
        yield from _same("the answer's root", row["list"].split("/")[0], "ListAllMyBucketsResult")
    if row["name"] is None:
        yield from _same("type of an element", "string", element.type_name)
        yield from _same("last part", row["last_part"], bool(ARN_OR_URL.search(row["list"])))
        yield from _same("members of a bare name",
                         (row["members"], row["objects"], row["asked_by"]), ([], [], None))
        return
    yield from _same("last part", row["last_part"], False)
    if element.type_name != "structure":
        yield f"an element is a {element.type_name}, without {row['name']}"
        return
    yield from _element_members(row, element)


def _element_members(row, element):
    name = _at(element, row["name"])
    yield from _same(f"type of {row['name']}", "string", name.type_name if name else None)
    if row["asked_by"]:
        asked = _at(element, row["asked_by"])
        yield from _same(f"type of {row['asked_by']}", "string", asked.type_name if asked else None)
    members = by_wire_name(element)
    for kind, types in (("members", SCALARS), ("objects", OBJECTS)):
        for member in row[kind]:
            if member not in members:
                yield f"{kind}: an element has no {member}"
            elif members[member].type_name not in types:
                yield f"{kind}: {member} is a {members[member].type_name}"
        if len(set(row[kind])) != len(row[kind]):
            yield f"{kind}: one stands twice"


def _errors(row, operation):
    modelled = {shape.name for shape in operation.error_shapes}
    yield from (f"{code} is no error of {row['operation']}" for code in row["gone"]
                if code not in modelled)


def _actions(row, operation):
    prefix = PREFIXES.get(row["signing_name"], row["signing_name"])
    own = ACTIONS.get(row["id"], f"{prefix}:{operation.name}")
    if own not in row["actions"]:
        yield f"actions: {own} is not there"
    for action in [*row["actions"], *(a for p in row["params"] for a in p["actions"])]:
        if not re.fullmatch("[a-z0-9-]+:[A-Z][A-Za-z0-9]+", action):
            yield f"{action} is no IAM action"
