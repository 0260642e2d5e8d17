"""Which service a request is for, and the server."""
import json
import threading

from awsstub import control, glue, imds, listings, s3, sts
from awsstub.state import Refuse, State
from awsstub.wire import Answer, Server


def _serve(state, request):
    try:
        return _dispatch(state, request)
    except Refuse as refusal:
        state.refused.append(f"{request.header.get('x-amz-target', request.path)}: "
                             f"{refusal.code}: {refusal.message}")
        body = json.dumps({"__type": refusal.code, "Message": refusal.message}).encode()
        return Answer(refusal.status, body, glue.TYPE, [("x-amzn-RequestId", "stand-in-1")])


def _remember(state, request):
    """What this request must not be told back with."""
    authorization = request.header.get("authorization", "")
    values = [authorization, authorization.rpartition("Signature=")[2],
              request.header.get("x-amz-security-token", ""),
              request.header.get("x-aws-ec2-metadata-token", "")]
    with state.lock:
        state.told.update(value for value in values if len(value) >= 6)


def _dispatch(state, request):
    if request.path.startswith("/_ctl"):
        return control.serve(state, request)
    _remember(state, request)
    if request.path.startswith("/latest/"):
        return imds.serve(state, request)
    if request.path == "/ecs/creds":
        return imds.container(state, request)
    row = listings.find(state, request)
    if row is not None:
        return listings.serve(state, request, row)
    if request.header.get("x-amz-target", "").startswith(glue.TARGET):
        return glue.serve(state, request)
    if request.body.startswith(b"Action="):
        return sts.serve(state, request)
    return s3.serve(state, request)


def start(port=0):
    """A server in threads of its own; .server_address says where, .state what it knows."""
    state = State()
    server = Server(port, state, lambda request: _serve(state, request))
    glue.model()  # takes a quarter of a second: now, not in the first request
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
