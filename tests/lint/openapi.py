#!/usr/bin/python3
"""docs/openapi.json is whole: it has the routes of src/http/routes.c and no others, its
references lead somewhere, its examples are valid, it is of this version."""
import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests/support"))
sys.dont_write_bytecode = True
import api_contract  # noqa: E402

ROUTE = re.compile(r'\{"(/[^"]*)",\s*"/[^"]*",\s*[A-Z |]+,\s*"([A-Z, ]+)"')
METHODS = {"get", "head", "post", "put", "delete", "patch", "options", "trace"}


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def routes():
    return {(pattern, method) for pattern, methods in ROUTE.findall(read("src/http/routes.c"))
            for method in methods.split(", ")}


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def walk(thing):
    yield thing
    for one in thing.values() if isinstance(thing, dict) else thing:
        if isinstance(one, (dict, list)):
            yield from walk(one)


def check_routes(document):
    described = {(path, method.upper()) for path, method, _ in operations(document)}
    for path, method in sorted(routes() - described):
        yield f"{method} {path} is not described"
    for path, method in sorted(described - routes()):
        yield f"{method} {path} is no row of src/http/routes.c"


def check_references(document):
    used = set()
    for one in walk(document):
        if isinstance(one, dict) and isinstance(one.get("$ref"), str):
            used.add(one["$ref"])
    there = {f"#/components/{kind}/{name}" for kind, things in document["components"].items()
             for name in things if kind != "securitySchemes"}
    for name in sorted(used - there):
        yield f"{name} is not there"
    for name in sorted(there - used - {"#/components/responses/MethodNotAllowed"}):
        yield f"{name} is of no use"


def check_operations(document):
    seen = set()
    parameters = document["components"]["parameters"]
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        if operation["operationId"] in seen:
            yield f"{where}: operationId {operation['operationId']} is there twice"
        seen.add(operation["operationId"])
        taken = [parameters[one["$ref"].rpartition("/")[2]]
                 for one in operation.get("parameters", [])]
        in_path = {one["name"] for one in taken if one["in"] == "path"}
        if in_path != set(re.findall(r"\{([^}]*)\}", path)):
            yield f"{where}: its path parameters are {in_path or 'none'}"
        if method == "head" and set(operation["responses"]) != set(
                document["paths"][path]["get"]["responses"]):
            yield f"{where}: its responses are not those of get"


def check_examples(document):
    contract = api_contract.Contract(document)
    for one in walk(document):
        if isinstance(one, dict) and "example" in one and "schema" in one:
            try:
                contract.validate(one["schema"], one["example"])
            except Exception as error:
                yield f"example {one['example']!r}: {error}"


def check_version(document):
    version = re.search(r"project\(eidcached VERSION (\S+)", read("CMakeLists.txt"))[1]
    if document["info"]["version"] != version:
        yield f"info.version is {document['info']['version']}, the project's is {version}"


def main():
    document = api_contract.load()
    problems = [problem for check in (check_routes, check_references, check_operations,
                                      check_examples, check_version)
                for problem in check(document)]
    for problem in problems:
        print(f"docs/openapi.json: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
