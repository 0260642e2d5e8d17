/* Rules that a single row of the table cannot say. Each works on values that are in range. */
#include "eidcached/aws/s3_url.h"
#include "eidcached/base/mem.h"
#include "eidcached/config/listen.h"
#include "eidcached/net/url.h"
#include "internal.h"

#define S3_SCHEME    "s3://"
#define OWNER_DIGITS 12
#define LISTEN_MAX   64 /* each has threads of its own */

static void problem(struct eidc_config_load *load, const char *path, const char *text)
{
    size_t index = (size_t)(eidc_option_find(path) - eidc_options);
    load->bad[index] = true;
    eidc_config_problem(load, &load->places[index], path, "%s", text);
}

static bool given(const struct eidc_config_load *load, const char *path)
{
    return load->given[eidc_option_find(path) - eidc_options];
}

/* NULL, or what is wrong; the caller frees it. */
static char *listen_problem(const char *entry)
{
    EIDC_LISTEN_AUTO listen = {0};
    struct eidc_err err;
    return eidc_listen_parse(entry, &listen, &err) ? NULL : eidc_xstrdup(err.text);
}

static bool same_place(const char *a, const char *b)
{
    size_t n = strcspn(a, "?");
    return n == strcspn(b, "?") && strncmp(a, b, n) == 0;
}

static void check_listen(struct eidc_config_load *load)
{
    const struct eidc_strings *listen = &load->config->http.listen;
    if (listen->n == 0)
        problem(load, "http.listen", "needs at least one place to listen");
    if (listen->n > LISTEN_MAX) {
        problem(load, "http.listen", "has more than 64 places");
        return;
    }
    for (size_t i = 0; i < listen->n; i++) {
        char *wrong EIDC_AUTO_FREE = listen_problem(listen->at[i]);
        for (size_t before = 0; before < i && wrong == NULL; before++)
            if (same_place(listen->at[i], listen->at[before]))
                wrong = eidc_xstrdup("is given twice");
        if (wrong == NULL)
            continue;
        char *text EIDC_AUTO_FREE = eidc_xprintf("\"%s\" %s", listen->at[i], wrong);
        problem(load, "http.listen", text);
    }
}

static void check_hosts(struct eidc_config_load *load)
{
    const struct eidc_strings *hosts = &load->config->http.allowed_hosts;
    for (size_t i = 0; i < hosts->n; i++) {
        const char *host = hosts->at[i];
        if (strspn(host, EIDC_HOST_CHARS ":[]") == strlen(host))
            continue;
        char *text EIDC_AUTO_FREE =
            eidc_xprintf("\"%s\" is not a host name (no scheme, no path)", host);
        problem(load, "http.allowed_hosts", text);
    }
}

static void check_tls(struct eidc_config_load *load)
{
    const struct eidc_config *c = load->config;
    if (c->http.tls_cert != NULL && c->http.tls_key == NULL)
        problem(load, "http.tls_cert", "needs http.tls_key beside it");
    if (c->http.tls_key != NULL && c->http.tls_cert == NULL)
        problem(load, "http.tls_key", "needs http.tls_cert beside it");
    if (c->http.tls_client_ca != NULL && c->http.tls_cert == NULL)
        problem(load, "http.tls_client_ca", "needs http.tls_cert and http.tls_key beside it");
}

static void at_most(int64_t *value, int64_t limit)
{
    if (*value > limit)
        *value = limit;
}

/* A default gives way to what was set; two that were set and contradict each other do not. */
static void check_retries(struct eidc_config_load *load)
{
    struct eidc_config *c = load->config;
    const struct eidc_option *min = eidc_option_find("refresh.retry_min");
    const struct eidc_option *max = eidc_option_find("refresh.retry_max");
    if (c->refresh.retry_min <= c->refresh.retry_max || load->bad[min - eidc_options] ||
        load->bad[max - eidc_options])
        return;
    if (!given(load, "refresh.retry_min"))
        c->refresh.retry_min = c->refresh.retry_max;
    else if (!given(load, "refresh.retry_max"))
        c->refresh.retry_max = c->refresh.retry_min;
    else
        problem(load, min->path, "is longer than refresh.retry_max");
}

/* Else data would be called stale between two listings, though nothing is wrong. */
static void check_scope_interval(struct eidc_config_load *load)
{
    const struct eidc_config *c = load->config;
    if (c->refresh.max_stale > 0 && c->refresh.scope_interval >= c->refresh.max_stale)
        problem(load, "refresh.scope_interval",
                given(load, "refresh.max_stale")
                    ? "is not shorter than refresh.max_stale"
                    : "is not shorter than refresh.max_stale, which is 24h unless it is set");
}

static void check_durations(struct eidc_config_load *load)
{
    struct eidc_config *c = load->config;
    if (c->refresh.jitter_per_mille > 0)
        c->refresh.jitter = c->refresh.interval * c->refresh.jitter_per_mille / 1000;
    if (!given(load, "refresh.jitter"))
        at_most(&c->refresh.jitter, c->refresh.interval / 10);
    at_most(&c->aws.connect_timeout_ms, c->aws.timeout_ms);
    check_retries(load);
    check_scope_interval(load);
}

/* Errors of the scheme start with the key: "bits: 12 is not ...". */
static void check_eid(struct eidc_config_load *load)
{
    const struct eidc_config *c = load->config;
    struct eidc_eid_scheme scheme;
    struct eidc_err err;
    if (eidc_eid_scheme_make(c->eid.algorithm, c->eid.bits, c->eid.encoding, c->eid.prefix,
                             (struct eidc_str){0}, &scheme, &err))
        return;
    size_t n = strcspn(err.text, ":");
    char *path EIDC_AUTO_FREE = eidc_xprintf("eid.%.*s", (int)n, err.text);
    if (eidc_option_find(path) != NULL)
        problem(load, path, err.text + n + strspn(err.text + n, ": "));
    else
        problem(load, "eid.algorithm", err.text);
}

/* What the store itself does not refuse: keys that other programs cannot name. */
static const char *prefix_problem(const char *url)
{
    const char *bucket = url + strlen(S3_SCHEME);
    size_t n = strcspn(bucket, "/");
    for (const char *part = bucket + n; *part == '/'; part += 1 + n) {
        n = strcspn(part + 1, "/");
        if (n == 0 || (n <= 2 && strspn(part + 1, ".") >= n))
            return "has an empty, . or .. part in its prefix";
    }
    for (const char *p = bucket; *p != 0; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return "holds a control character";
    return NULL;
}

/* s3://BUCKET/PREFIX/ means s3://BUCKET/PREFIX. */
static void drop_last_slash(char *url)
{
    size_t n = strlen(url);
    if (n > sizeof S3_SCHEME && url[n - 1] == '/')
        url[n - 1] = 0;
}

static void check_s3(struct eidc_config_load *load, char *url)
{
    struct eidc_err err;
    drop_last_slash(url);
    if (!eidc_s3_url_check(url, &err)) {
        problem(load, "snapshot.s3", err.text);
    } else if (prefix_problem(url) != NULL) {
        char *text EIDC_AUTO_FREE = eidc_xprintf("\"%s\" %s", url, prefix_problem(url));
        problem(load, "snapshot.s3", text);
    }
}

static void check_snapshot(struct eidc_config_load *load)
{
    const struct eidc_config *c = load->config;
    const char *owner = c->snapshot.expected_owner;
    if (*c->snapshot.s3 != 0)
        check_s3(load, c->snapshot.s3);
    if (owner != NULL &&
        (strlen(owner) != OWNER_DIGITS || strspn(owner, "0123456789") != OWNER_DIGITS))
        problem(load, "snapshot.expected_owner", "is not an account number of twelve digits");
}

/* The value is shown, unless it may hold a password. */
char *eidc_config_url_problem(const char *url)
{
    struct eidc_url parts;
    if (strchr(url, '@') != NULL)
        return eidc_xstrdup("holds a user or a password; it must be http[s]://HOST[:PORT][/PATH]");
    if (!eidc_url_split(url, &parts) || strchr(url, '?') != NULL)
        return eidc_xprintf("\"%s\" is not http[s]://HOST[:PORT][/PATH]", url);
    return NULL;
}

const char *eidc_config_role_problem(const char *arn)
{
    static const char role[] = ":role/";
    const char *iam = strstr(arn, ":iam::");
    size_t digits = iam != NULL ? strspn(iam + 6, "0123456789") : 0;
    bool good = strncmp(arn, "arn:", 4) == 0 && digits == OWNER_DIGITS &&
                strncmp(iam + 6 + digits, role, sizeof role - 1) == 0 &&
                iam[6 + digits + sizeof role - 1] != '\0';
    return good ? NULL : "is not a role such as arn:aws:iam::123456789012:role/NAME";
}

static void check_role(struct eidc_config_load *load)
{
    const struct eidc_aws_settings *aws = &load->config->aws;
    const char *wrong = aws->role_arn != NULL ? eidc_config_role_problem(aws->role_arn) : NULL;
    if (wrong != NULL)
        problem(load, "aws.role_arn", wrong);
}

void eidc_config_check(struct eidc_config_load *load)
{
    check_listen(load);
    check_hosts(load);
    check_tls(load);
    check_durations(load);
    check_eid(load);
    check_snapshot(load);
    const char *url = load->config->aws.endpoint_url;
    char *wrong EIDC_AUTO_FREE = url != NULL ? eidc_config_url_problem(url) : NULL;
    if (wrong != NULL)
        problem(load, "aws.endpoint_url", wrong);
    check_role(load);
    eidc_config_check_sources(load);
}
