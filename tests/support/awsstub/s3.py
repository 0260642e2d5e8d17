"""S3, path style: objects with conditions, checksums and ranges, and ListObjectsV2."""
import base64
import hashlib
import re
import urllib.parse
import zlib
from xml.sax.saxutils import escape

from awsstub import faults, signature
from awsstub.state import Elsewhere, Object, Refuse
from awsstub.wire import Answer

XML = "application/xml"
CODES = {  # what the JSON services call it, and what S3 does
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "MissingAuthenticationTokenException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
}
CHECKSUMS = {
    "x-amz-checksum-sha256": lambda data: hashlib.sha256(data).digest(),
    "x-amz-checksum-crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "content-md5": lambda data: hashlib.md5(data).digest(),
}
KEPT = ("x-amz-meta-", "x-amz-checksum-", "x-amz-server-side-encryption", "content-type",
        "content-encoding")


def serve(state, request):
    bucket, _, key = urllib.parse.unquote(request.path)[1:].partition("/")
    operation = "S3." + ("LIST" if not key and request.method == "GET" else request.method)
    state.called(operation, bucket=bucket, key=key, headers=dict(request.header))
    try:
        _admit(state, request, bucket)
        fault = faults.take(state, op=operation, key=key)
        faults.refuse(fault, faults.S3_ERRORS, request)
        answer = _dispatch(state, request, bucket, key)
        if fault == "html502":
            return Answer(502, b"<html>Bad Gateway</html>", "text/html")
        return faults.damage_wire(fault, answer)
    except Refuse as refusal:
        refusal.code = CODES.get(refusal.code, refusal.code)
        if "Signature expired" in refusal.message:
            refusal.code = "RequestTimeTooSkewed"
        state.refused.append(f"{operation} {key}: {refusal.code}: {refusal.message}")
        return _error(refusal, request)


def _error(refusal, request):
    region = getattr(refusal, "region", None)
    named = f"<Region>{region}</Region>" if region else ""
    text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refusal.code}</Code>'
            f"<Message>{escape(refusal.message)}</Message>{named}<RequestId>1</RequestId></Error>")
    answer = Answer(refusal.status, text.encode(), XML)
    if region and (refusal.in_header or request.method == "HEAD"):
        answer.set("x-amz-bucket-region", region)
    return answer


def _admit(state, request, bucket):
    home = state.settings["s3_bucket_regions"].get(bucket)
    signed_for = signature.verify(state, request, "s3", None if home is None else "")
    if home not in (None, signed_for):
        status = state.settings["s3_wrong_region"]
        raise Elsewhere(400 if request.method == "HEAD" else status, home)
    if "x-amz-content-sha256" not in request.header:
        raise Refuse(400, "InvalidRequest",
                     "Missing required header for this request: x-amz-content-sha256")
    owner = request.header.get("x-amz-expected-bucket-owner")
    if owner is not None and owner != state.settings["account"]:
        raise Refuse(403, "AccessDenied", "Access Denied")


def _dispatch(state, request, bucket, key):
    if not key and request.method == "PUT":
        state.buckets[bucket]  # made by the look-up
        return Answer(200)
    if bucket not in state.buckets:
        raise Refuse(404, "NoSuchBucket", "The specified bucket does not exist")
    objects = state.buckets[bucket]
    if not key:
        return _list(request, objects)
    with state.lock:
        if request.method == "PUT":
            return _put(state, request, objects, key)
        if request.method == "DELETE":
            objects.pop(key, None)
            return Answer(204)
        return _get(request, objects.get(key))


def _put(state, request, objects, key):
    for name, digest in CHECKSUMS.items():
        said = request.header.get(name)
        if said is not None and said != base64.b64encode(digest(request.body)).decode():
            raise Refuse(400, "BadDigest", f"The {name} you specified did not match.")
    _conditions(state, request.header, objects.get(key))
    etag = f'"{hashlib.md5(request.body).hexdigest()}"'
    kept = [(n, v) for n, v in request.headers if n.lower().startswith(KEPT)]
    objects[key] = Object(request.body, etag, kept, state.now())
    return Answer(200, headers=[("ETag", etag)])


def _conditions(state, header, current):
    absent, match = header.get("if-none-match"), header.get("if-match")
    failed = Refuse(412, "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold")
    if absent not in (None, "*"):
        raise Refuse(501, "NotImplemented",
                     "A header you provided implies functionality that is not implemented")
    if absent and current:
        raise failed
    if match is None:
        return
    if current is None:
        raise Refuse(404, "NoSuchKey", "The specified key does not exist.")
    held = current.etag
    if state.settings["s3_unquoted_if_match"]:
        held = held.strip('"')
    if match != held:
        raise failed


def _get(request, current):
    if current is None:
        raise Refuse(404, "NoSuchKey", "The specified key does not exist.")
    header = request.header
    if header.get("if-match", current.etag) != current.etag:
        raise Refuse(412, "PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold")
    if header.get("if-none-match") == current.etag:
        return Answer(304, headers=[("ETag", current.etag)])
    checksum = "x-amz-checksum-mode" in header
    kept = [(n, v) for n, v in current.headers
            if checksum or not n.lower().startswith("x-amz-checksum")]
    kept += [("ETag", current.etag), ("Accept-Ranges", "bytes")]
    return _range(header.get("range", ""), current.data, kept)


def _range(asked, data, headers):
    found = re.match(r"bytes=(\d+)-(\d*)$", asked)
    if not found:
        return Answer(200, data, headers=headers)
    low = int(found[1])
    high = min(int(found[2] or len(data)), len(data) - 1)
    if low >= len(data):
        raise Refuse(416, "InvalidRange", "The requested range is not satisfiable")
    headers.append(("Content-Range", f"bytes {low}-{high}/{len(data)}"))
    return Answer(206, data[low : high + 1], headers=headers)


def _list(request, objects):
    query = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
    if query.get("list-type") != "2":
        raise Refuse(501, "NotImplemented", "only ListObjectsV2")
    prefix, limit = query.get("prefix", ""), int(query.get("max-keys", 1000))
    after = query.get("start-after", "")
    if "continuation-token" in query:
        after = base64.b64decode(query["continuation-token"]).decode()
    keys = sorted((k for k in list(objects) if k.startswith(prefix) and k > after), key=str.encode)
    shown = escape
    if query.get("encoding-type") == "url":
        shown = urllib.parse.quote
    text = "".join(f"<Contents><Key>{shown(k)}</Key><ETag>{escape(objects[k].etag)}</ETag>"
                   f"<Size>{len(objects[k].data)}</Size></Contents>" for k in keys[:limit])
    if len(keys) > limit:
        token = base64.b64encode(keys[limit - 1].encode()).decode()
        text += f"<NextContinuationToken>{token}</NextContinuationToken>"
    text += f"<IsTruncated>{str(len(keys) > limit).lower()}</IsTruncated>"
    return Answer(200, ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult '
                        'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                        f"{text}</ListBucketResult>").encode(), XML)
