"""The judge: recomputes a request's signature with botocore, as the service would."""
import datetime
import functools
import hashlib
import hmac
import re
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from awsstub.state import Elsewhere, Refuse

FORM = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})$")
SKEW_S = 300
ONCE = ("x-amz-date", "host", "authorization", "x-amz-security-token", "x-amz-content-sha256")


def key_of(request):
    """The access key of a request that has passed verify."""
    return FORM.match(request.header["authorization"]).group(1)


def verify(state, request, want_service, want_region=None):
    """Returns the region it was signed for; raises what the service would answer. want_region: ""
    takes any, None those of the settings."""
    found = FORM.match(request.header.get("authorization", ""))
    if not found:
        raise Refuse(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, region, service, signed, signature = found.groups()
    token = request.header.get("x-amz-security-token")
    secret = state.secret_of(key, token)
    date = request.header.get("x-amz-date", "")
    _check_date(state, date)
    problems = _problems(request, signed.split(";"), date, day)
    if service != want_service:
        problems.append(f"Credential should be scoped to correct service: '{want_service}'.")
    if want_region is None:
        want_region = state.settings["region"]
    if want_region not in ("", region):
        _wrong_region(want_region, service, region)
    if problems:
        raise Refuse(403, "InvalidSignatureException", "; ".join(problems))
    ours, canonical = _sign(request, service, region, key, secret, token, signed.split(";"), date)
    if not hmac.compare_digest(ours, signature):
        raise Refuse(403, "InvalidSignatureException",
                     "The request signature we calculated does not match the signature you "
                     "provided. The canonical request should have been\n" + canonical)
    _check_payload(request)
    return region


def _check_date(state, date):
    try:
        stamp = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise Refuse(403, "IncompleteSignatureException",
                     "Date must be in ISO-8601 'basic format'") from None
    stamp = stamp.replace(tzinfo=datetime.timezone.utc).timestamp()
    if abs(stamp - state.now()) > SKEW_S:
        raise Refuse(403, "InvalidSignatureException",
                     f"Signature expired: {date} is now earlier than allowed")


def _problems(request, signed, date, day):
    there = [name.lower() for name, _ in request.headers]
    must = {n for n in there if n.startswith("x-amz-") or n in ("host", "content-type")}
    problems = [f"signed header {n} is not there" for n in signed if n not in there]
    problems += [f"{n} is there but not signed" for n in sorted(must - set(signed))]
    problems += [f"{n} is sent twice" for n in ONCE if there.count(n) > 1]
    if signed != sorted(set(signed)):
        problems.append("SignedHeaders is not sorted or not unique")
    if date[:8] != day:
        problems.append("the credential scope's day is not the date's")
    return problems


def _wrong_region(want, service, region):
    if service == "s3":
        raise Elsewhere(400, want)
    raise Refuse(403, "InvalidSignatureException",
                 f"Credential should be scoped to a valid region, not '{region}'.")


def encode(raw, safe=""):
    return urllib.parse.quote(raw, safe=safe + "-_.~")


def _sign(request, service, region, key, secret, token, signed, date):
    """AWS decodes and re-encodes what came over the wire; botocore takes it as it is, so the
    decoding and encoding happen here."""
    path, query = request.path, request.query
    if service == "s3":
        path = encode(urllib.parse.unquote_to_bytes(path), "/")
    if query:
        pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
        query = "?" + "&".join(
            f"{encode(urllib.parse.unquote_to_bytes(k))}={encode(urllib.parse.unquote_to_bytes(v))}"
            for k, v in pairs)
    aws = AWSRequest(request.method, f"http://{request.header['host']}{path}{query}",
                     data=request.body)
    for name, value in request.headers:
        if name.lower() in signed:
            aws.headers[name] = value
    aws.context["timestamp"] = date
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(Credentials(key, secret, token), service, region)
    canonical = auth.canonical_request(aws)
    signing_key = _signing_key(secret, date[:8], region, service)
    to_sign = auth.string_to_sign(aws, canonical)
    return hmac.new(signing_key, to_sign.encode(), hashlib.sha256).hexdigest(), canonical


@functools.lru_cache(maxsize=64)
def _signing_key(secret, day, region, service):
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _check_payload(request):
    said = request.header.get("x-amz-content-sha256")
    if said and said != "UNSIGNED-PAYLOAD" and said != hashlib.sha256(request.body).hexdigest():
        raise Refuse(400, "XAmzContentSHA256Mismatch",
                     "The provided 'x-amz-content-sha256' header does not match what was computed.")
