"""/_ctl: what a test sets and asks.

POST /_ctl takes a JSON object; its members are applied in this order:
  reset: true             forget everything, the catalog included
  settings of state.py    latency_ms, page_size, roles, denied, ...
  databases               a number (db_00000 ...), a list of names, or {"count", "prefix"}
  tables                  what every database has: a number, a list; or {database: number or list}
  gone                    databases that GetDatabases still lists and GetTables no longer finds
  rows                    rows of the listing table, as eidctl prints them, that are answered
  listed                  {row: {JSON list of the parents' values: names}} where it is not seven
  faults                  see faults.py; replaces those before
  buckets                 S3 buckets to make
  clear: true             forget the counters and the log
GET /_ctl gives {"calls": {operation: count}, "in_flight_max", "refused": [...]}; GET /_ctl/log the
calls themselves; GET /_ctl/secrets what must stand in no output of whoever was served.
GET /_ctl/s3/BUCKET lists {key: size}; GET, PUT and DELETE on /_ctl/s3/BUCKET/KEY reach an object
past all rules.
"""
import hashlib
import json
import urllib.parse

from awsstub.state import SETTINGS, Object
from awsstub.wire import Answer


def serve(state, request):
    path = urllib.parse.unquote(request.path)
    if path.startswith("/_ctl/s3/"):
        return _s3(state, request, path[len("/_ctl/s3/"):])
    if request.method == "POST":
        apply(state, json.loads(request.body))
        return _json({})
    if path == "/_ctl/secrets":
        with state.lock:
            return _json(state.secrets())
    if path == "/_ctl/log":
        return _json(list(state.log))
    return _json({"calls": dict(state.calls), "in_flight_max": state.in_flight_max,
                  "refused": list(state.refused)})


def apply(state, order):
    with state.lock:
        if order.pop("reset", False):
            in_flight = state.in_flight
            state.reset()
            state.in_flight = in_flight
        for key in [k for k in order if k in SETTINGS]:
            state.settings[key] = order.pop(key)
        _catalog(state, order)
        state.rows = order.pop("rows", state.rows)
        state.listed = order.pop("listed", state.listed)
        if "faults" in order:
            state.faults = [dict({"times": 1}, **fault) for fault in order.pop("faults")]
        for bucket in order.pop("buckets", []):
            state.buckets[bucket]  # made by the look-up
        if order.pop("clear", False):
            state.calls.clear()
            state.log.clear()
            state.refused.clear()
            state.in_flight_max = state.in_flight
    if order:
        raise ValueError(f"unknown orders {sorted(order)}")


def _catalog(state, order):
    if "databases" in order:
        state.databases = _names(order.pop("databases"), "db_")
    if "tables" in order:
        tables = order.pop("tables")
        state.tables, state.default_tables = {}, []
        if isinstance(tables, dict):
            state.tables = {database: _names(value, "t_") for database, value in tables.items()}
        else:
            state.default_tables = _names(tables, "t_")
    if "gone" in order:
        state.gone = set(order.pop("gone"))
    state.known = set(state.databases)
    state.pages.clear()


def _names(value, prefix):
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        value, prefix = value["count"], value["prefix"]
    return [f"{prefix}{number:05d}" for number in range(value)]


def _s3(state, request, path):
    bucket, _, key = path.partition("/")
    objects = state.buckets[bucket]
    if not key:
        return _json({k: len(o.data) for k, o in objects.items()})
    if request.method == "PUT":
        etag = f'"{hashlib.md5(request.body).hexdigest()}"'
        objects[key] = Object(request.body, etag, [], state.now())
    elif request.method == "DELETE":
        objects.pop(key, None)
    elif key not in objects:
        return Answer(404)
    else:
        return Answer(200, objects[key].data, "application/octet-stream")
    return Answer(204)


def _json(document):
    return Answer(200, json.dumps(document).encode(), "application/json")
