"""STS: AssumeRole (signed), AssumeRoleWithWebIdentity (unsigned), GetCallerIdentity."""
import functools
import re
import urllib.parse
from xml.sax.saxutils import escape

import botocore.session
from botocore.validate import ParamValidator

from awsstub import faults, signature
from awsstub.state import Refuse
from awsstub.wire import Answer

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
VERSION = "2011-06-15"
FORM = "application/x-www-form-urlencoded"
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{1,12}):role/([\w+=,.@/-]+)")
SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
CODES = {  # what the JSON services call it, and what STS does
    "UnrecognizedClientException": "InvalidClientTokenId",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "AccessDeniedException": "AccessDenied",
    "ThrottlingException": "Throttling",
}


@functools.lru_cache(maxsize=1)
def model():
    return botocore.session.get_session().get_service_model("sts")


def serve(state, request):
    try:
        return _serve(state, request)
    except Refuse as refusal:
        code = CODES.get(refusal.code, refusal.code)
        state.refused.append(f"STS: {code}: {refusal.message}")
        text = (f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
                f"<Message>{escape(refusal.message)}</Message></Error>"
                "<RequestId>stand-in-1</RequestId></ErrorResponse>")
        return Answer(refusal.status, text.encode(), "text/xml")


def _serve(state, request):
    form = dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True,
                                       strict_parsing=True))
    action = form.pop("Action")
    entry = state.called("STS." + action, form=form)
    if "WebIdentityToken" in form:
        state.told.add(form["WebIdentityToken"])
    caller = None
    if action != "AssumeRoleWithWebIdentity":
        entry["region"] = signature.verify(state, request, "sts")
        caller = state.owner_of(signature.key_of(request))
    elif "authorization" in request.header:
        raise Refuse(400, "InvalidIdentityToken", "must be unsigned")
    fault = faults.take(state, op="STS." + action)
    faults.refuse(fault, faults.ERRORS, request)
    arguments = _arguments(request, action, form)
    if action == "GetCallerIdentity":
        account, arn, user_id = caller
        result = f"<Account>{account}</Account><Arn>{arn}</Arn><UserId>{user_id}</UserId>"
    else:
        result = _assume(state, arguments, caller)
    return faults.damage_wire(fault, _answer(action, result))


def _arguments(request, action, form):
    """As botocore's model has them; only the ones that are strings and numbers."""
    if not request.header.get("content-type", "").startswith(FORM):
        raise Refuse(400, "SerializationException", "not a form")
    if action not in model().operation_names:
        raise Refuse(400, "InvalidAction", action)
    if form.pop("Version", None) != VERSION:
        raise Refuse(400, "ValidationError", "Version")
    shape = model().operation_model(action).input_shape
    unknown = set(form) - set(shape.members)
    if unknown:
        raise Refuse(400, "ValidationError", f"unknown {sorted(unknown)}")
    arguments = {key: int(value) if shape.members[key].type_name == "integer" else value
                 for key, value in form.items()}
    report = ParamValidator().validate(arguments, shape)
    if report.has_errors():
        raise Refuse(400, "ValidationError", report.generate_report())
    return arguments


def _assume(state, arguments, caller):
    role, session = arguments["RoleArn"], arguments["RoleSessionName"]
    found = ROLE_ARN.fullmatch(role)
    if not found or not SESSION.fullmatch(session):
        raise Refuse(400, "ValidationError", f"{role} {session}")
    if not 900 <= arguments.get("DurationSeconds", 3600) <= 43200:
        raise Refuse(400, "ValidationError", "DurationSeconds")
    if caller is None:
        want = state.settings["web_token"]
        if want is not None and arguments["WebIdentityToken"] != want:
            raise Refuse(400, "InvalidIdentityToken", "the token is not the one expected")
    if not _may_assume(state, role, arguments.get("ExternalId")):
        who = caller[1] if caller else "the web identity"
        raise Refuse(403, "AccessDenied", f"User: {who} is not authorized to perform: "
                     f"sts:AssumeRole on resource: {role}")
    account, name = found.groups()
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    creds = state.new_credentials((account, arn, "AROA" + account + ":" + session))
    fields = {"AccessKeyId": creds["AccessKeyId"], "SecretAccessKey": creds["SecretAccessKey"],
              "SessionToken": creds["Token"], "Expiration": creds["Expiration"]}
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return (f"<Credentials>{inner}</Credentials><AssumedRoleUser><Arn>{arn}</Arn>"
            f"<AssumedRoleId>AROA:{session}</AssumedRoleId></AssumedRoleUser>")


def _may_assume(state, role, external_id):
    """roles: {} lets any be assumed, else those in it, each with its external id or None."""
    roles = state.settings["roles"]
    return not roles or (role in roles and roles[role] in (None, external_id))


def _answer(action, result):
    text = (f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result>'
            f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>")
    return Answer(200, text.encode(), "text/xml")
