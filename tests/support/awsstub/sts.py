"""STS: AssumeRole (signed), AssumeRoleWithWebIdentity (unsigned), GetCallerIdentity."""
import urllib.parse

from awsstub import faults, signature
from awsstub.state import Refuse
from awsstub.wire import Answer

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
REQUIRED = ("Version", "RoleArn", "RoleSessionName")


def serve(state, request):
    form = dict(urllib.parse.parse_qsl(request.body.decode()))
    action = form["Action"]
    state.called("STS." + action)
    if action != "AssumeRoleWithWebIdentity":
        signature.verify(state, request, "sts")
    elif "authorization" in request.header or len(form.get("WebIdentityToken", "")) < 4:
        raise Refuse(400, "InvalidIdentityToken", "must be unsigned and carry a token")
    faults.refuse(faults.take(state, op="STS." + action), faults.ERRORS)
    if action == "GetCallerIdentity":
        account = state.settings["account"]
        return _answer(action, f"<Account>{account}</Account><UserId>AIDA</UserId>")
    if not action.startswith("AssumeRole"):
        raise Refuse(400, "InvalidAction", action)
    missing = [key for key in REQUIRED if key not in form]
    if missing:
        raise Refuse(400, "ValidationError", "missing " + ", ".join(missing))
    return _answer(action, _credentials(state.new_credentials()))


def _credentials(creds):
    fields = {"AccessKeyId": creds["AccessKeyId"], "SecretAccessKey": creds["SecretAccessKey"],
              "SessionToken": creds["Token"], "Expiration": creds["Expiration"]}
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f"<Credentials>{inner}</Credentials>"


def _answer(action, result):
    text = (f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result>'
            f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>")
    return Answer(200, text.encode(), "text/xml")
