"""Faults: which call gets one, and what it does to the answer.

A fault is {"op": "GetTables", "page": 2, "database": "x", "key": "CURRENT", "times": 1,
"do": "throttle"}: every selector that is given must hold (key: the end of an S3 key); times is how
often it strikes, once by default, always when negative.
"""
import json
import urllib.parse
import zlib

from awsstub.state import Refuse

ERRORS = {  # what Glue and STS say
    "throttle": (400, "ThrottlingException", "Rate exceeded"),
    "500": (500, "InternalServiceException", "internal"),
    "503": (503, "ServiceUnavailableException", "unavailable"),
    "accessdenied": (400, "AccessDeniedException", "User is not authorized to perform this action"),
    "expired": (400, "ExpiredTokenException",
                "The security token included in the request is expired"),
    "controls": (400, "InvalidInputException", "\x1b[31mred \x9b31m " + "\xe9" * 5000),
    "notfound": (400, "EntityNotFoundException", "Database not found."),
}
S3_ERRORS = {
    "throttle": (503, "SlowDown", "Please reduce your request rate."),
    "500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "503": (503, "SlowDown", "Please reduce your request rate."),
    "conflict": (409, "ConditionalRequestConflict",
                 "A conflicting conditional operation is in progress against this resource."),
    "precondition": (412, "PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold"),
    "accessdenied": (403, "AccessDenied", "Access Denied"),
}
QUOTES = {  # errors that hold what must not be shown
    "quoteall": "not by {all} with {token}",
    "quoteparts": "The signature {signature}, the token {token}, the key {key}, and {form} are bad",
    "quotelines": "wrong\n{all}\n{token}\n{form}",
}
DENSE = 7_000_000  # values of a page that is nothing but numbers
SELECTORS = ("op", "page", "database")


def take(state, **call):
    """The fault that strikes this call, or None."""
    with state.lock:
        for fault in state.faults:
            if fault["times"] != 0 and _selected(fault, call):
                fault["times"] -= 1
                return fault["do"]
    return None


def _selected(fault, call):
    if "key" in fault and not (call.get("key") or "").endswith(fault["key"]):
        return False
    return all(fault[s] == call.get(s) for s in SELECTORS if s in fault)


def refuse(do, errors, request=None):
    if do in errors:
        raise Refuse(*errors[do])
    if do in QUOTES:
        raise Refuse(403, "AccessDeniedException", QUOTES[do].format(**_quotable(request)))


def _quotable(request):
    """What a careless server repeats: signed headers, and the body."""
    authorization = request.header.get("authorization", "")
    return {"all": authorization, "signature": authorization.rpartition("=")[2],
            "token": request.header.get("x-amz-security-token", "none"),
            "key": authorization.partition("Credential=")[2].partition("/")[0],
            "form": dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace")))
                    .get("WebIdentityToken", "")}


def damage_page(do, answer, members, token):
    """Does to a listing's page what a fault that is not an error asks for; returns the answer."""
    if do in ("loop", "emptypage", "wrongtype", "nullname", "nulltoken", "emptytoken", "nolist"):
        answer.body = json.dumps(_other_page(do, members, token)).encode()
    elif do == "dense":
        key, = members
        answer.body = b'{"%s":[%s1]}' % (key.encode(), b"1," * DENSE)
    elif do == "malformed":
        answer.body = answer.body[:-2] + b",]}"
    elif do == "notjson":
        answer.body = b"\xff\xfe\x00binary"
    elif do == "html502":
        answer.status, answer.body = 502, b"<html>Bad Gateway</html>"
        answer.set("Content-Type", "text/html")
    else:
        return damage_wire(do, answer)
    answer.set("x-amz-crc32", str(zlib.crc32(answer.body)))  # meant so, not damaged on the way
    return answer


def _other_page(do, members, token):
    (key, items), = members.items()
    if do == "loop":
        return {key: items, "NextToken": token or "again"}
    if do == "emptypage":
        return {key: [], "NextToken": token}
    if do == "nulltoken":
        return {key: items, "NextToken": None}
    if do == "emptytoken":
        return {key: items, "NextToken": ""}
    if do == "wrongtype":
        return {key: {"Name": "x"}}
    if do == "nolist":
        return {"Other": []}
    return {key: [{"Name": None}]}


def damage_wire(do, answer):
    """Faults below the document: what is promised and not sent, or never sent at all."""
    if do == "truncate":
        answer.cut = len(answer.body) // 2
    elif do == "badlength":
        answer.body = answer.body[: len(answer.body) // 2]
    elif do == "corrupt":
        answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1]) if answer.body else b""
    elif do in ("hang", "reset", "lostreply", "slow"):
        answer.instead = do
    elif do is not None:
        raise ValueError(f"unknown fault {do}")
    return answer
