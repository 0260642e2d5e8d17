#include "eidcached/aws/sigv4.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "eidcached/base/encode.h"
#include "eidcached/base/mem.h"

/* Host, X-Amz-Date and X-Amz-Security-Token join the given headers. */
#define OWN_HEADERS 3

struct stamp {
    char time[17]; /* 20261122T182437Z */
    char date[9];  /* 20261122 */
};

static struct stamp stamp_of(int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    struct stamp stamp = {0};
    gmtime_r(&seconds, &tm);
    (void)strftime(stamp.time, sizeof(stamp.time), "%Y%m%dT%H%M%SZ", &tm);
    memcpy(stamp.date, stamp.time, sizeof(stamp.date) - 1);
    return stamp;
}

/* ---- path and query ---- */

void eidc_sigv4_wire_target(const struct eidc_sigv4 *in, struct eidc_buf *out)
{
    if (in->path_encoded)
        eidc_buf_add_str(out, in->path);
    else
        eidc_percent_encode(out, in->path, "/");
    for (size_t i = 0; i < in->param_count; i++) {
        eidc_buf_add_byte(out, i == 0 ? '?' : '&');
        eidc_percent_encode(out, in->params[i].key, "");
        eidc_buf_add_byte(out, '=');
        eidc_percent_encode(out, in->params[i].value, "");
    }
}

/* Removes the last segment with its slash. */
static void drop_segment(struct eidc_buf *path)
{
    size_t n = path->n;
    while (n > 0 && path->p[--n] != '/')
        continue;
    eidc_buf_truncate(path, n);
}

/* Appends the path without empty, "." and ".." segments. */
static void normalise(struct eidc_str path, struct eidc_buf *out)
{
    bool ends_in_slash = true;
    for (size_t at = 0; at < path.n;) {
        const char *segment = path.p + at;
        const char *slash = memchr(segment, '/', path.n - at);
        size_t n = slash != NULL ? (size_t)(slash - segment) : path.n - at;
        at += n + 1;
        ends_in_slash = slash != NULL;
        if (n == 0 || (n == 1 && segment[0] == '.'))
            continue;
        if (n == 2 && memcmp(segment, "..", 2) == 0) {
            drop_segment(out);
            continue;
        }
        eidc_buf_add_byte(out, '/');
        eidc_buf_add(out, segment, n);
    }
    if (out->n == 0 || ends_in_slash)
        eidc_buf_add_byte(out, '/');
}

static void canonical_path(const struct eidc_sigv4 *in, struct eidc_buf *out)
{
    if (in->s3) {
        eidc_percent_encode(out, in->path, "/");
        return;
    }
    EIDC_BUF_AUTO plain = {0};
    EIDC_BUF_AUTO once = {0};
    normalise(in->path, &plain);
    if (in->path_encoded)
        eidc_buf_add_str(&once, eidc_buf_view(&plain));
    else
        eidc_percent_encode(&once, eidc_buf_view(&plain), "/");
    eidc_percent_encode(out, eidc_buf_view(&once), "/");
    out->failed |= plain.failed || once.failed;
}

struct pair {
    struct eidc_str key, value;
};

static int by_key_and_value(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    int c = eidc_str_cmp(x->key, y->key);
    return c != 0 ? c : eidc_str_cmp(x->value, y->value);
}

/* Encoded bytes sort differently from decoded ones, so they are encoded first. */
static void canonical_query(const struct eidc_sigv4 *in, struct eidc_buf *out)
{
    EIDC_BUF_AUTO encoded = {0};
    struct pair *pairs EIDC_AUTO_FREE = eidc_xcalloc(in->param_count + 1, sizeof(*pairs));
    for (size_t i = 0; i < in->param_count; i++) {
        eidc_percent_encode(&encoded, in->params[i].key, "");
        pairs[i].key.n = encoded.n;
        eidc_percent_encode(&encoded, in->params[i].value, "");
        pairs[i].value.n = encoded.n;
    }
    if (encoded.failed) {
        out->failed = true;
        return;
    }
    size_t at = 0; /* ends become views, now that the buffer no longer moves */
    for (size_t i = 0; i < in->param_count; i++) {
        size_t key_end = pairs[i].key.n;
        size_t value_end = pairs[i].value.n;
        pairs[i].key = (struct eidc_str){eidc_buf_view(&encoded).p + at, key_end - at};
        pairs[i].value =
            (struct eidc_str){eidc_buf_view(&encoded).p + key_end, value_end - key_end};
        at = value_end;
    }
    qsort(pairs, in->param_count, sizeof(*pairs), by_key_and_value);
    for (size_t i = 0; i < in->param_count; i++) {
        if (i > 0)
            eidc_buf_add_byte(out, '&');
        eidc_buf_add_str(out, pairs[i].key);
        eidc_buf_add_byte(out, '=');
        eidc_buf_add_str(out, pairs[i].value);
    }
}

/* ---- headers ---- */

struct signed_header {
    const char *name, *value;
    size_t order; /* headers of one name keep theirs */
};

struct signed_headers {
    struct signed_header at[EIDC_HTTP_HEADERS_MAX + OWN_HEADERS];
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct signed_header *x = a;
    const struct signed_header *y = b;
    int c = strcasecmp(x->name, y->name);
    return c != 0 ? c : (x->order > y->order) - (x->order < y->order);
}

static void collect(struct signed_headers *list, const char *name, const char *value)
{
    list->at[list->n] = (struct signed_header){name, value, list->n};
    list->n++;
}

static struct signed_headers collect_sorted(const struct eidc_sigv4 *in, const char *time)
{
    struct signed_headers list = {0};
    collect(&list, "host", in->host);
    collect(&list, "x-amz-date", time);
    if (in->session_token != NULL)
        collect(&list, "x-amz-security-token", in->session_token);
    for (size_t i = 0; in->headers != NULL && i < in->headers->n; i++)
        collect(&list, in->headers->at[i].name, in->headers->at[i].value);
    qsort(list.at, list.n, sizeof(list.at[0]), by_name);
    return list;
}

static bool same_name(const struct signed_header *a, const struct signed_header *b)
{
    return strcasecmp(a->name, b->name) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void add_lower(struct eidc_buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        eidc_buf_add_byte(out, *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name);
}

/* Trimmed, with each inner run of blanks as one space. */
static void add_folded(struct eidc_buf *out, const char *value)
{
    while (is_blank(*value))
        value++;
    for (; *value != '\0'; value++) {
        if (!is_blank(*value))
            eidc_buf_add_byte(out, *value);
        else if (value[1] != '\0' && !is_blank(value[1]))
            eidc_buf_add_byte(out, ' ');
    }
}

static void add_canonical_headers(const struct signed_headers *list, struct eidc_buf *out)
{
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0 && same_name(&list->at[i], &list->at[i - 1])) {
            eidc_buf_add_byte(out, ',');
        } else {
            if (i > 0)
                eidc_buf_add_byte(out, '\n');
            add_lower(out, list->at[i].name);
            eidc_buf_add_byte(out, ':');
        }
        add_folded(out, list->at[i].value);
    }
    eidc_buf_add_byte(out, '\n');
}

static void add_signed_names(const struct signed_headers *list, struct eidc_buf *out)
{
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0 && same_name(&list->at[i], &list->at[i - 1]))
            continue;
        if (i > 0)
            eidc_buf_add_byte(out, ';');
        add_lower(out, list->at[i].name);
    }
}

/* ---- the stages ---- */

void eidc_sigv4_canonical_request(const struct eidc_sigv4 *in, struct eidc_buf *out)
{
    struct stamp stamp = stamp_of(in->unix_ms);
    struct signed_headers headers = collect_sorted(in, stamp.time);

    eidc_buf_addf(out, "%s\n", in->method);
    canonical_path(in, out);
    eidc_buf_add_byte(out, '\n');
    canonical_query(in, out);
    eidc_buf_add_byte(out, '\n');
    add_canonical_headers(&headers, out);
    eidc_buf_add_byte(out, '\n');
    add_signed_names(&headers, out);
    eidc_buf_add_byte(out, '\n');
    eidc_buf_add_z(out, in->payload_hash);
}

static void add_scope(const struct eidc_sigv4 *in, const struct stamp *stamp, struct eidc_buf *out)
{
    eidc_buf_addf(out, "%s/%s/%s/aws4_request", stamp->date, in->region, in->service);
}

void eidc_sigv4_string_to_sign(const struct eidc_sigv4 *in, struct eidc_str canonical_request,
                               struct eidc_buf *out)
{
    struct stamp stamp = stamp_of(in->unix_ms);
    char hash[2 * EIDC_SHA256_BYTES + 1];
    eidc_sha256_hex(canonical_request, hash);

    eidc_buf_addf(out, "AWS4-HMAC-SHA256\n%s\n", stamp.time);
    add_scope(in, &stamp, out);
    eidc_buf_addf(out, "\n%s", hash);
}

/* key = HMAC(key, text) */
static void chain(uint8_t key[static EIDC_SHA256_BYTES], const char *text)
{
    uint8_t next[EIDC_SHA256_BYTES];
    eidc_hmac_sha256((struct eidc_str){(const char *)key, EIDC_SHA256_BYTES}, eidc_str_of(text),
                     next);
    memcpy(key, next, sizeof(next));
    OPENSSL_cleanse(next, sizeof(next));
}

void eidc_sigv4_signature(const struct eidc_sigv4 *in, struct eidc_str string_to_sign,
                          char hex[static 2 * EIDC_SHA256_BYTES + 1])
{
    struct stamp stamp = stamp_of(in->unix_ms);
    uint8_t key[EIDC_SHA256_BYTES];
    EIDC_BUF_SECRET seed = {0};
    eidc_buf_addf(&seed, "AWS4%s", in->secret_key);
    eidc_hmac_sha256(eidc_buf_view(&seed), eidc_str_of(stamp.date), key);
    chain(key, in->region);
    chain(key, in->service);
    chain(key, "aws4_request");

    uint8_t signature[EIDC_SHA256_BYTES];
    eidc_hmac_sha256((struct eidc_str){(const char *)key, sizeof(key)}, string_to_sign, signature);
    hex[eidc_hex_encode(signature, sizeof(signature), hex)] = '\0';
    OPENSSL_cleanse(key, sizeof(key));
}

/* ---- all of it ---- */

static bool authorization(const struct eidc_sigv4 *in, const struct stamp *stamp,
                          struct eidc_buf *out)
{
    EIDC_BUF_SECRET canonical = {0};
    EIDC_BUF_AUTO to_sign = {0};
    eidc_sigv4_canonical_request(in, &canonical);
    eidc_sigv4_string_to_sign(in, eidc_buf_view(&canonical), &to_sign);
    if (canonical.failed || to_sign.failed)
        return false;
    char signature[2 * EIDC_SHA256_BYTES + 1];
    eidc_sigv4_signature(in, eidc_buf_view(&to_sign), signature);

    struct signed_headers headers = collect_sorted(in, stamp->time);
    eidc_buf_addf(out, "AWS4-HMAC-SHA256 Credential=%s/", in->access_key);
    add_scope(in, stamp, out);
    eidc_buf_add_z(out, ", SignedHeaders=");
    add_signed_names(&headers, out);
    eidc_buf_addf(out, ", Signature=%s", signature);
    return !out->failed;
}

static void truncate_headers(struct eidc_http_headers *headers, size_t n)
{
    while (headers->n > n) {
        struct eidc_http_header *last = &headers->at[--headers->n];
        free(last->name);
        OPENSSL_cleanse(last->value, strlen(last->value));
        free(last->value);
        *last = (struct eidc_http_header){0};
    }
}

bool eidc_sigv4_sign(const struct eidc_sigv4 *in, struct eidc_http_headers *headers)
{
    struct stamp stamp = stamp_of(in->unix_ms);
    EIDC_BUF_SECRET value = {0};
    size_t before = headers->n;
    if (authorization(in, &stamp, &value) &&
        eidc_http_headers_add(headers, "X-Amz-Date", eidc_str_of(stamp.time)) &&
        (in->session_token == NULL ||
         eidc_http_headers_add(headers, "X-Amz-Security-Token", eidc_str_of(in->session_token))) &&
        eidc_http_headers_add(headers, "Authorization", eidc_buf_view(&value)))
        return true;
    truncate_headers(headers, before);
    return false;
}
