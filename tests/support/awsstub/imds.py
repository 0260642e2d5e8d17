"""The instance metadata service, version 2 only, and the container credentials endpoint."""
import json
import secrets

from awsstub import faults
from awsstub.state import Refuse
from awsstub.wire import Answer

ROLE = "eidcache-role"
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"


def serve(state, request):
    if request.path == "/latest/api/token":
        return _faulty(state, "IMDS.token", request, _token)
    role = request.path == ROLES_PATH + ROLE
    return _faulty(state, "IMDS.role" if role else "IMDS.get", request, _get)


def _faulty(state, op, request, serve_one):
    """As the fault for this operation wants it."""
    state.called(op, path=request.path)
    fault = faults.take(state, op=op)
    faults.refuse(fault, faults.ERRORS, request)
    answer = serve_one(state, request)
    if fault == "errordocument":
        document = {"Code": "AssumeRoleUnauthorizedAccess", "Message": answer.body.decode()}
        return _json(document)
    if fault == "malformed":
        answer.body = answer.body[:-2]
        return answer
    if fault == "linebreak":
        answer.body += b"\r\nX-Evil: 1"
        return answer
    return faults.damage_wire(fault, answer)


def _get(state, request):
    if request.header.get("x-aws-ec2-metadata-token") not in state.imds_tokens:
        return Answer(401)
    if request.path == ROLES_PATH:
        return Answer(200, ROLE.encode(), "text/plain")
    if request.path == ROLES_PATH + ROLE:
        extra = {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z"}
        return _json(dict(extra, **state.new_credentials()))
    if request.path == "/latest/meta-data/placement/region":
        return Answer(200, state.settings["region"].encode(), "text/plain")
    return Answer(404)


def _token(state, request):
    if request.method != "PUT" or "x-forwarded-for" in request.header:
        return Answer(403)
    if not request.header.get("x-aws-ec2-metadata-token-ttl-seconds", "").isdigit():
        return Answer(400)
    token = secrets.token_urlsafe(40)
    state.imds_tokens.add(token)
    return Answer(200, token.encode(), "text/plain")


def container(state, request):
    return _faulty(state, "container", request, _container)


def _container(state, request):
    want = state.settings["container_token"]
    if want is not None and request.header.get("authorization") != want:
        raise Refuse(401, "Unauthorized", "the token is not the one expected")
    role = f"arn:aws:iam::{state.settings['account']}:role/task"
    return _json(dict(state.new_credentials(), RoleArn=role))


def _json(document):
    return Answer(200, json.dumps(document).encode(), "application/json")
