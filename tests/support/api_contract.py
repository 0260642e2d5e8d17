"""docs/openapi.json as the judge of answers: path, status, headers and body must be described
there. Members that it does not describe are errors too, though for clients the document is open.
Of a large body all is read, but of its long lists, objects and texts only the first, the last and
some entries or lines between are validated; what has more than 8 MiB is taken as it is."""
import copy
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    if os.environ.get("CI"):
        raise
    jsonschema = None
    print("openapi: python3-jsonschema is not there: answers are not validated", file=sys.stderr)

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENT = os.path.join(SOURCE, "docs/openapi.json")
REFUSALS = {"400", "401", "403", "413", "503"}  # of any path, before it is looked at
BY_LIBRARY = {400, 413, 414, 431, 500, 501, 505}  # libmicrohttpd's own, with a page of its own
BODY_MAX = 8 << 20
SAMPLE = 100  # from the beginning, as many from the end and from between: they take 30 ms


def some_of(things):
    if len(things) <= 3 * SAMPLE:
        return things
    between = things[SAMPLE:-SAMPLE]
    return things[:SAMPLE] + between[::len(between) // SAMPLE + 1] + things[-SAMPLE:]


def sampled(value):
    """A document or a text with some of its entries or lines."""
    if isinstance(value, str):
        return "".join(some_of(re.findall(r"[^\n]*\n|[^\n]+", value)))
    if isinstance(value, list):
        return [sampled(one) for one in some_of(value)]
    if isinstance(value, dict):
        return {key: sampled(value[key]) for key in some_of(list(value))}
    return value


def load():
    with open(DOCUMENT, encoding="utf-8") as file:
        return json.load(file)


def closed(schema):
    """The schema without room for members that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


class Contract:
    def __init__(self, document=None):
        self.document = document or load()
        self.components = copy.deepcopy(self.document["components"])
        self.components["schemas"] = closed(self.components["schemas"])
        self.validators = {}
        self.exact, self.beginnings = {}, []
        for path, item in self.document["paths"].items():
            beginning, mark, _ = path.partition("{")
            if mark:
                self.beginnings.append((beginning, item))
            else:
                self.exact[path] = item

    def resolve(self, thing):
        while "$ref" in thing:
            _, _, kind, name = thing["$ref"].split("/")
            thing = self.document["components"][kind][name]
        return thing

    def validate(self, schema, value):
        if jsonschema is None:
            return
        if id(schema) not in self.validators:
            whole = dict(closed(schema), components=self.components)
            self.validators[id(schema)] = jsonschema.Draft202012Validator(whole)
        self.validators[id(schema)].validate(value)

    def item_of(self, target):
        path = re.sub(r"^https?://[^/?]*", "", target).partition("?")[0] or "/"
        if path in self.exact:
            return self.exact[path]
        return next((item for start, item in self.beginnings if path.startswith(start)), None)

    def response_of(self, method, target, status):
        """The description of the answer; an assertion when there is none."""
        item, status = self.item_of(target), str(status)
        responses = self.document["components"]["responses"]
        if item is None:
            described = {"404": responses["NotFound"]}
        elif method.lower() not in item:
            described = {"405": responses["MethodNotAllowed"]}
        else:
            described = item[method.lower()]["responses"]
        if status not in described and status in REFUSALS:
            names = {"400": "BadRequest", "401": "Unauthorized", "403": "Forbidden",
                     "413": "TooLarge", "503": "Unavailable"}
            described = {status: responses[names[status]]}
        assert status in described, f"openapi: {method} {target}: {status} is not described"
        return self.resolve(described[status])

    def check(self, method, target, answer):
        what = f"openapi: {method} {target}: {answer!r}"
        if answer.header("X-Content-Type-Options") is None:
            assert answer.status in BY_LIBRARY, what
            return
        response = self.response_of(method, target, answer.status)
        try:
            self.check_headers(response, answer)
            self.check_body(method, response, answer)
        except Exception as error:
            raise AssertionError(f"{what}: {error}") from error

    def check_headers(self, response, answer):
        for name, header in response.get("headers", {}).items():
            header, value = self.resolve(header), answer.header(name)
            assert value is not None or not header.get("required"), f"there is no {name}"
            if value is not None:
                number = self.is_number(header["schema"])
                self.validate(header["schema"], int(value) if number else value)

    def is_number(self, schema):
        return self.resolve(schema).get("type") == "integer"

    def check_body(self, method, response, answer):
        content = response.get("content", {})
        kind = (answer.header("Content-Type") or "").partition(";")[0]
        if not content:
            assert answer.body == b"" and not kind, "there should be no body"
            return
        assert kind in content, f"{kind} is not among {list(content)}"
        if method == "HEAD" or len(answer.body) > BODY_MAX or "schema" not in content[kind]:
            return
        value = answer.json if kind.endswith("json") else answer.text
        self.validate(content[kind]["schema"], sampled(value))
        if kind == "application/problem+json":
            assert value["status"] == answer.status
