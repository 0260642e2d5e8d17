"""What the stand-in knows: settings, catalog, objects, credentials, faults, and what was called."""
import base64
import collections
import secrets
import threading
import time

LONG_TERM = {"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
LOG_MAX = 20000

SETTINGS = {
    "region": "eu-west-1",  # whose credential scope is accepted; "": any
    "page_size": 100,  # the server's own limit, below what MaxResults asks
    "latency_ms": 0,  # how long every call takes at least
    "trusting": False,  # Glue takes signatures and arguments as they are, four times as fast
    "clock_offset_s": 0,  # the server's clock against ours
    "creds_ttl": 3600,  # of temporary credentials
    "reject_attributes": False,  # a Glue that does not know AttributesToGet
    "s3_bucket_regions": {},  # of buckets that are not in `region`
    "s3_wrong_region": 301,  # what a request signed for another region gets: 301, 302, 307 or 400
    "s3_unquoted_if_match": False,  # compares If-Match without the quotes, as radosgw does
    "throttle": None,  # {"rate": calls a second, "burst": saved up at most}, of each service
    "account": "123456789012",
    "roles": {},  # that may be assumed, each with its external id or null; none named: any
    "denied": [],  # {"account": ..., "region": ...}: whose Glue calls are refused, and where
    "long_term": {},  # more access keys, each with its secret
    "web_token": None,  # what a WebIdentityToken must be; null: anything
    "own_catalogs": False,  # each account and region has its names, ACCOUNT_REGION_name
    "empty_pages": False,  # of listings of rows: before each page but the first an empty one
    "container_token": None,  # what Authorization must be on /ecs/creds
}


class Refuse(Exception):
    """A request that is answered with an error of AWS's form."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Elsewhere(Refuse):
    """A bucket that is in another region than the request was signed for."""

    def __init__(self, status, region):
        malformed = status == 400
        code = {301: "PermanentRedirect", 400: "AuthorizationHeaderMalformed"}.get(status,
                                                                                  "Redirect")
        super().__init__(status, code, "The authorization header is malformed" if malformed else
                         "Please send future requests to the endpoint of the bucket's region.")
        self.region, self.in_header = region, not malformed


class Object:
    """One S3 object."""

    def __init__(self, data, etag, headers, at):
        self.data, self.etag, self.headers, self.at = data, etag, headers, at


class State:
    """Everything that a reset forgets."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.settings = dict(SETTINGS)
        self.databases, self.known = [], set()
        self.tables, self.gone = {}, set()
        self.default_tables = []
        self.pages = {}  # serialized pages, by what they were cut from
        self.rows, self.listed = [], {}  # see listings.py
        self.emptied = collections.defaultdict(set)
        self.tokens, self.imds_tokens, self.temporary = {}, set(), {}
        self.owners = {}  # of access keys: (account, ARN, user id)
        self.told = set()  # keys, tokens and signatures that came with requests
        self.faults = []
        self.buckets = collections.defaultdict(dict)
        self.calls = collections.Counter()
        self.log = collections.deque(maxlen=LOG_MAX)
        self.refused = collections.deque(maxlen=200)
        self.in_flight = self.in_flight_max = 0
        self.allowances = {}

    def throttle(self, service):
        """A token bucket for each service: refuses what is over the rate in AWS's words."""
        limit = self.settings["throttle"]
        if limit is None:
            return
        with self.lock:
            now = time.monotonic()
            tokens, since = self.allowances.get(service, (limit["burst"], now))
            tokens = min(limit["burst"], tokens + (now - since) * limit["rate"])
            self.allowances[service] = (tokens - (tokens >= 1), now)
        if tokens < 1:
            raise Refuse(400, "ThrottlingException", "Rate exceeded")

    def now(self):
        return time.time() + self.settings["clock_offset_s"]

    def tables_of(self, database):
        return self.tables.get(database, self.default_tables)

    def secrets(self):
        """What must stand nowhere: all that was given out, and what requests were signed with."""
        given = [part for held in self.temporary.values() for part in held[:2]]
        return sorted({*given, *self.temporary, *self.imds_tokens, *self.told,
                       *self.settings["long_term"], *self.settings["long_term"].values()})

    def owner_of(self, key):
        """(account, ARN, user id) of an access key."""
        account = self.settings["account"]
        return self.owners.get(key, (account, f"arn:aws:iam::{account}:user/stand-in", "AIDA"))

    def admit(self, key, region):
        """Refuses an account where it is denied; (account, region) else."""
        account, arn, _ = self.owner_of(key)
        if {"account": account, "region": region} in self.settings["denied"]:
            raise Refuse(400, "AccessDeniedException",
                         f"User: {arn} is not authorized to perform this in {region}")
        return account, region

    def new_credentials(self, owner=None):
        """Temporary credentials, in the form that IMDS and the container endpoint give them."""
        key = "ASIA" + secrets.token_hex(8).upper()
        if owner:
            self.owners[key] = owner
        secret, token = secrets.token_urlsafe(30), base64.b64encode(secrets.token_bytes(180))
        expires = self.now() + self.settings["creds_ttl"]
        self.temporary[key] = (secret, token.decode(), expires)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
        return {
            "AccessKeyId": key,
            "SecretAccessKey": secret,
            "Token": token.decode(),
            "Expiration": stamp,
        }

    def secret_of(self, key, token):
        """The secret of an access key, or a refusal as the services word it."""
        long_term = dict(LONG_TERM, **self.settings["long_term"])
        if token is None and key in long_term:
            return long_term[key]
        held = self.temporary.get(key)
        if held is None or held[1] != token:
            raise Refuse(403, "UnrecognizedClientException",
                         "The security token included in the request is invalid")
        if held[2] < self.now():
            raise Refuse(400, "ExpiredTokenException",
                         "The security token included in the request is expired")
        return held[0]

    def entered(self):
        with self.lock:
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight)

    def left(self):
        with self.lock:
            self.in_flight -= 1

    def called(self, operation, **more):
        """Counts a call; the entry in the log may be added to."""
        entry = dict(more, op=operation, t=time.time())
        with self.lock:
            self.calls[operation] += 1
            self.log.append(entry)
        return entry
