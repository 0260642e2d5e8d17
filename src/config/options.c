/* The tables of options. How a value is read and printed is in value.c. */
#include "eidcached/config/options.h"

#include <ctype.h>

#define MS     ((uint64_t)1)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define KIB    ((uint64_t)1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

static const char *const modes[] = {"list", NULL};
static const char *const retry_modes[] = {[EIDC_RETRY_MODE_AUTO] = "auto",
                                          [EIDC_RETRY_MODE_STANDARD] = "standard",
                                          [EIDC_RETRY_MODE_ADAPTIVE] = "adaptive",
                                          NULL};
static const char *const stale_answers[] = {
    [EIDC_STALE_SERVE] = "serve", [EIDC_STALE_REFUSE] = "refuse", NULL};
static const char *const encodings[] = {
    [EIDC_EID_HEX] = "hex", [EIDC_EID_BASE32] = "base32", [EIDC_EID_BASE64URL] = "base64url", NULL};
static const char *const collisions[] = {"fail", "keep", NULL};
static const char *const checksums[] = {"none", "sha256", NULL};
static const char *const addressings[] = {
    [EIDC_S3_AUTO] = "auto", [EIDC_S3_VIRTUAL] = "virtual", [EIDC_S3_PATH] = "path", NULL};
static const char *const levels[] = {[EIDC_LOG_ERROR] = "error",
                                     [EIDC_LOG_WARN] = "warn",
                                     [EIDC_LOG_INFO] = "info",
                                     [EIDC_LOG_DEBUG] = "debug",
                                     NULL};
static const char *const formats[] = {
    [EIDC_LOG_TEXT] = "text", [EIDC_LOG_JSON] = "json", [EIDC_LOG_JOURNAL] = "journal", NULL};
static const char *const source_types[] = {
    [EIDC_SOURCE_AWS] = "aws", [EIDC_SOURCE_FILE] = "file", NULL};

/* clang-format off */
const struct eidc_option_section eidc_option_sections[] = {
    {"http", "The HTTP server: where it listens, its limits, who may ask."},
    {"refresh", "When names are listed, how long that may take, and what protects the map."},
    {"eid", "How an EID is computed. A change makes every EID another one. With the defaults:\n"
            "printf %s NAME | sha256sum | cut -c1-32"},
    {"snapshot", "Where each generation is saved, so that the next start needs no AWS call."},
    {"aws", "How AWS is called. What is unset here comes from where the AWS tools look: the "
            "environment, ~/.aws, the container or the instance."},
    {"log", "Messages, one line each, on standard error."},
};

#define AT(member) offsetof(struct eidc_config, member)
#define OPTION(path, type, offset, fallback, ...) \
    {path, EIDC_OPTION_##type, offset, fallback, __VA_ARGS__}
#define RANGE(low, high) .min = (low), .max = (high)

const struct eidc_option eidc_options[] = {
    OPTION("http.listen", LIST, AT(http.listen), "127.0.0.1:8627",
           .help = "Where to listen, one or several: HOST:PORT, [::1]:PORT, unix:/PATH. Sockets that "
                   "systemd passes are served as well, in the place of an entry with their address; "
                   "systemd says that there have to be some. Behind a ? may follow threads=N in place "
                   "of http.threads, and for a UNIX socket its mode (0660) and group: "
                   "unix:/run/x?mode=0666&group=web."),
    OPTION("http.threads", UINT, AT(http.threads), "2", RANGE(1, 256),
           .help = "Threads of each listener that answer requests."),
    OPTION("http.max_connections", UINT, AT(http.max_connections), "1024", RANGE(1, 1000000),
           .help = "Open connections of each listener; more are answered 503. Some more are kept "
                   "for probes."),
    OPTION("http.idle_timeout", DURATION, AT(http.idle_timeout), "60s", RANGE(100 * MS, HOUR),
           .help = "A connection that is silent for this long is closed, and so is one whose request "
                   "head is not whole by then, or whose body then still comes, slower than 1 KiB/s."),
    OPTION("http.max_body", SIZE, AT(http.max_body), "64M", RANGE(1, 4 * GIB),
           .help = "Longest request body; a longer one is answered 413. All together take four times "
                   "this at most, and an eighth of what a container or a unit may use."),
    OPTION("http.max_batch", COUNT, AT(http.max_batch), "1000000", RANGE(1, 100000000),
           .help = "Most names or EIDs in one request."),
    OPTION("http.token_file", PATH, AT(http.token_file), NULL,
           .example = "/etc/eidcached/token",
           .help = "File with the bearer token that requests over TCP must carry. It is read again "
                   "when it changes."),
    OPTION("http.tls_cert", PATH, AT(http.tls_cert), NULL, .example = "/etc/eidcached/tls.crt",
           .help = "Certificate chain in PEM form; with it the TCP listeners speak TLS 1.2 and 1.3, "
                   "and nothing else. It is read again when it changes."),
    OPTION("http.tls_key", PATH, AT(http.tls_key), NULL, .example = "/etc/eidcached/tls.key",
           .help = "Private key of http.tls_cert in PEM form, without a passphrase."),
    OPTION("http.tls_client_ca", PATH, AT(http.tls_client_ca), NULL,
           .example = "/etc/eidcached/clients.crt",
           .help = "Certificates of the authorities whose clients may connect over TLS; who shows "
                   "none of theirs is refused, probes included. UNIX sockets stay open."),
    OPTION("http.allowed_hosts", LIST, AT(http.allowed_hosts), "",
           .help = "Host names that requests may be for. Empty: the loopback names on loopback and "
                   "UNIX listeners, any on others."),
    OPTION("http.trust_proxy", BOOL, AT(http.trust_proxy), "false",
           .help = "Also take requests that a proxy passed on (with Forwarded, X-Forwarded-For, "
                   "X-Forwarded-Host or X-Forwarded-Proto), on loopback and UNIX listeners."),
    OPTION("http.access_log", SHARE, AT(http.access_log), "false", RANGE(0, 1000),
           .help = "Log each request (true), or an even share of them (1%): address, method, path, status, "
                   "duration; never the query, nor a token."),

    OPTION("refresh.mode", ENUM, EIDC_OPTION_NOWHERE, "list", .names = modes,
           .later = "follow elect",
           .help = "Where new generations come from: list asks the sources."),
    OPTION("refresh.interval", DURATION, AT(refresh.interval), "5m", RANGE(100 * MS, 7 * DAY),
           .help = "From the end of a refresh to the start of the next."),
    OPTION("refresh.jitter", DURATION, AT(refresh.jitter), "30s", RANGE(0, DAY),
           .share = AT(refresh.jitter_per_mille),
           .help = "Up to this much, or up to a share of the interval (10%), is added to it at random, so that a fleet does not "
                   "ask in step. Unless set, at most a tenth of the interval."),
    OPTION("refresh.scope_interval", DURATION, AT(refresh.scope_interval), "0s", RANGE(0, 30 * DAY),
           .help = "How often each scope (the tables of one database, a region) is listed, spread "
                   "evenly over that time: a refresh lists those whose turn it is, and keeps the "
                   "others with their age. Shorter than max_stale. 0s: every scope at every "
                   "refresh."),
    OPTION("refresh.timeout", DURATION, AT(refresh.timeout), "10m", RANGE(100 * MS, DAY),
           .help = "A refresh ends after this long, building the image not counted. Scopes that were "
                   "not listed keep their entries; with snapshot.s3 the last quarter is kept for "
                   "saving, and what could not be saved is saved by the next one."),
    OPTION("refresh.retry_min", DURATION, AT(refresh.retry_min), "1s", RANGE(10 * MS, HOUR),
           .help = "Longest wait after a first failed refresh; every further failure doubles it. "
                   "The wait is taken at random."),
    OPTION("refresh.retry_max", DURATION, AT(refresh.retry_max), "5m", RANGE(10 * MS, DAY),
           .help = "Longest wait after any number of failed refreshes in a row."),
    OPTION("refresh.max_stale", DURATION, AT(refresh.max_stale), "24h", RANGE(0, 365 * DAY),
           .help = "Without a refresh for this long, /readyz turns 503. 0s: never."),
    OPTION("refresh.stale_answers", ENUM, AT(refresh.stale_answers), "serve",
           .names = stale_answers,
           .help = "What look-ups get then: still the answer (its age is in the Age header), or "
                   "503."),
    OPTION("refresh.max_shrink", RATIO, AT(refresh.max_shrink), "10%", RANGE(0, 1000),
           .help = "If more than this share of the entries, and more than ten, would vanish at once, "
                   "they are held back."),
    OPTION("refresh.shrink_confirmations", UINT, AT(refresh.shrink_confirmations), "3",
           RANGE(1, 1000),
           .help = "Refreshes in a row, of one process, that must agree before held entries vanish "
                   "by themselves; with --once only --accept-shrink lets them go."),
    OPTION("refresh.concurrency", UINT, AT(refresh.concurrency), "16", RANGE(1, 256),
           .help = "AWS requests at a time."),
    OPTION("refresh.max_names", COUNT, AT(refresh.max_names), "10000000", RANGE(1, 4000000000),
           .help = "A listing with more names than this fails."),
    OPTION("refresh.max_response", SIZE, AT(refresh.max_response), "16M", RANGE(KIB, GIB),
           .help = "An AWS answer longer than this fails its listing."),

    OPTION("eid.algorithm", STRING, AT(eid.algorithm), "sha256",
           .help = "Digest over the name's UTF-8 bytes, any that OpenSSL has: sha256, sha512, "
                   "sha3-256, blake2b512, ..."),
    OPTION("eid.bits", UINT, AT(eid.bits), "128", RANGE(32, 512), .multiple_of = 8,
           .help = "How many of the digest's first bits are kept; a multiple of 8, at most its "
                   "size."),
    OPTION("eid.encoding", ENUM, AT(eid.encoding), "hex", .names = encodings,
           .help = "How the bits are printed; hex and base32 are lower case, without padding."),
    OPTION("eid.prefix", STRING, AT(eid.prefix), "",
           .help = "Text in front of each EID."),
    OPTION("eid.key_file", PATH, AT(eid.key_file), NULL,
           .example = "/etc/eidcached/eid.key",
           .help = "If set, EIDs are an HMAC with the key in this file, so that outsiders cannot "
                   "guess names."),
    OPTION("eid.on_collision", BOOL, AT(eid.keep_collisions), "fail", .names = collisions,
           .help = "Two names with one EID: fail refuses the new generation and names both, keep "
                   "answers with all names."),

    OPTION("snapshot.dir", PATH, AT(snapshot.dir), "", .example = "/var/lib/eidcached",
           .help = "Local directory for snapshots, also read by libeidcache. Empty: none."),
    OPTION("snapshot.s3", STRING, AT(snapshot.s3), "", .example = "s3://BUCKET/PREFIX",
           .help = "S3 place for snapshots, s3://BUCKET or s3://BUCKET/PREFIX. Empty: none."),
    OPTION("snapshot.keep", UINT, AT(snapshot.keep), "5", RANGE(1, 1000),
           .help = "Snapshots to keep; older ones are deleted."),
    OPTION("snapshot.compress", BOOL, AT(snapshot.compress), "true",
           .help = "Compress what is sent to S3."),
    OPTION("snapshot.json", BOOL, AT(snapshot.json), "true",
           .help = "Also write eid_cache.json, the document of the job that eidcached replaces."),
    OPTION("snapshot.kms_key", STRING, AT(snapshot.kms_key), NULL, .example = "alias/eidcached",
           .help = "KMS key for what is written to S3."),
    OPTION("snapshot.expected_owner", STRING, AT(snapshot.expected_owner), NULL,
           .example = "\"123456789012\"",
           .help = "Account that must own the bucket, twelve digits."),
    OPTION("snapshot.addressing", ENUM, AT(snapshot.addressing), "auto", .names = addressings,
           .help = "Where the bucket's name goes in URLs: in the host or in the path. auto takes "
                   "the path with an endpoint_url and for names with dots."),
    OPTION("snapshot.checksum", BOOL, AT(snapshot.checksum_sha256), "sha256", .names = checksums,
           .help = "Send x-amz-checksum-sha256; none is for servers that do not know it."),

    OPTION("aws.region", STRING, AT(aws.region), NULL, .example = "eu-west-1",
           .help = "Region of sources without regions of their own, and of the bucket."),
    OPTION("aws.profile", STRING, AT(aws.profile), NULL, .example = "data-platform",
           .help = "Profile of ~/.aws/config and ~/.aws/credentials."),
    OPTION("aws.role_arn", STRING, AT(aws.role_arn), NULL,
           .example = "arn:aws:iam::123456789012:role/eidcached",
           .help = "Role to assume with the credentials that were found. A source that names one of "
                   "its own lists another account."),
    OPTION("aws.external_id", STRING, AT(aws.external_id), NULL, .example = "eidcached-prod",
           .help = "What the role's trust policy asks for as sts:ExternalId."),
    OPTION("aws.endpoint_url", STRING, AT(aws.endpoint_url), NULL,
           .example = "http://localhost:4566",
           .help = "Send requests here instead of to AWS: a proxy, a VPC endpoint, a stand-in."),
    OPTION("aws.ca_bundle", PATH, AT(aws.ca_bundle), NULL,
           .example = "/etc/ssl/certs/ca-certificates.crt",
           .help = "Certificates to trust instead of the system's."),
    OPTION("aws.max_attempts", UINT, AT(aws.max_attempts), "0", RANGE(0, 20),
           .help = "Tries of one request, the first included. 0: as AWS_MAX_ATTEMPTS or the profile's "
                   "max_attempts say, else 3, for DynamoDB 4."),
    OPTION("aws.retry_mode", ENUM, AT(aws.retry_mode), "auto", .names = retry_modes,
           .help = "standard: tries are spaced by exponential back-off with full jitter. adaptive: "
                   "once AWS throttles, the calls of an account, region and service are also paced "
                   "to what it takes, and throttled tries are not counted. auto: as AWS_RETRY_MODE "
                   "or the profile's retry_mode say, else standard."),
    OPTION("aws.connect_timeout", DURATION, AT(aws.connect_timeout_ms), "3s",
           RANGE(10 * MS, MINUTE),
           .help = "Time for a connection to stand."),
    OPTION("aws.timeout", DURATION, AT(aws.timeout_ms), "30s", RANGE(100 * MS, 10 * MINUTE),
           .help = "Time for one try as a whole."),

    OPTION("log.level", ENUM, AT(log.level), "info", .names = levels,
           .help = "The least important messages that are shown."),
    OPTION("log.format", ENUM, AT(log.format), "text", .names = formats,
           .help = "text is for people, json for collectors, journal for systemd."),
};

#undef AT
#define AT(member) offsetof(struct eidc_config_source, member)

const struct eidc_option eidc_source_options[] = {
    OPTION("type", ENUM, AT(type), NULL, .names = source_types,
           .help = "Where the names are: aws lists them by an API, file reads them, one a line."),
    OPTION("path", PATH, AT(path), NULL, .help = "file: the file, read at every refresh."),
    OPTION("list", STRING, AT(list), NULL,
           .help = "aws: what to list; eidctl aws list shows what there is."),
    OPTION("params", MAP, AT(params), NULL,
           .help = "aws: members of the request, such as {TypeName: AWS::S3::Bucket}; eidctl aws "
                   "list shows which a listing takes."),
    OPTION("name", STRING, AT(name_template), NULL,
           .help = "aws: how a name is made, such as \"{database}.{table}\"."),
    OPTION("eid", STRING, AT(eid), "checksum",
           .help = "checksum computes the EID from the name; aws: field:/JSON/Pointer takes it from "
                   "the listed object."),
    OPTION("regions", LIST, AT(regions), "",
           .help = "aws: the regions to list. Empty: the default region."),
    OPTION("include", LIST, AT(include), "",
           .help = "Patterns (* ? [a-z]); a name must match one of them. Empty: all do."),
    OPTION("exclude", LIST, AT(exclude), "", .help = "Patterns; a name must match none of them."),
    OPTION("region", STRING, AT(aws.region), NULL, .help = "As aws.region."),
    OPTION("profile", STRING, AT(aws.profile), NULL, .help = "As aws.profile."),
    OPTION("role_arn", STRING, AT(aws.role_arn), NULL, .help = "As aws.role_arn."),
    OPTION("external_id", STRING, AT(aws.external_id), NULL, .help = "As aws.external_id."),
    OPTION("endpoint_url", STRING, AT(aws.endpoint_url), NULL, .help = "As aws.endpoint_url."),
    OPTION("ca_bundle", PATH, AT(aws.ca_bundle), NULL, .help = "As aws.ca_bundle."),
    OPTION("max_attempts", UINT, AT(aws.max_attempts), NULL, RANGE(1, 20),
           .help = "As aws.max_attempts."),
    OPTION("retry_mode", ENUM, AT(aws.retry_mode), NULL, .names = retry_modes,
           .help = "As aws.retry_mode."),
    OPTION("connect_timeout", DURATION, AT(aws.connect_timeout_ms), NULL, RANGE(10 * MS, MINUTE),
           .help = "As aws.connect_timeout."),
    OPTION("timeout", DURATION, AT(aws.timeout_ms), NULL, RANGE(100 * MS, 10 * MINUTE),
           .help = "As aws.timeout."),
};
/* clang-format on */

const char *const eidc_options_planned[] = {
    "snapshot.follow",
    "snapshot.poll",
    "snapshot.lease",
    NULL,
};

const size_t eidc_option_count = sizeof eidc_options / sizeof *eidc_options;
const size_t eidc_source_option_count = sizeof eidc_source_options / sizeof *eidc_source_options;
const size_t eidc_option_section_count = sizeof eidc_option_sections / sizeof *eidc_option_sections;

static const struct eidc_option *find_in(const struct eidc_option *rows, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].path, path) == 0)
            return &rows[i];
    return NULL;
}

const struct eidc_option *eidc_option_find(const char *path)
{
    return find_in(eidc_options, eidc_option_count, path);
}

const struct eidc_option *eidc_source_option_find(const char *key)
{
    return find_in(eidc_source_options, eidc_source_option_count, key);
}

bool eidc_option_is_planned(const char *path)
{
    for (const char *const *planned = eidc_options_planned; *planned != NULL; planned++)
        if (strcmp(path, *planned) == 0)
            return true;
    return false;
}

bool eidc_option_in_section(const char *path, const char *section)
{
    size_t n = strlen(section);
    return strncmp(path, section, n) == 0 && path[n] == '.';
}

void eidc_option_env(const char *path, struct eidc_buf *out)
{
    eidc_buf_add_z(out, "EIDCACHED_");
    for (const char *p = path; *p != 0; p++)
        eidc_buf_add_byte(out, (char)(*p == '.' ? '_' : toupper((unsigned char)*p)));
}
