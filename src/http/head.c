/*
 * libmicrohttpd 0.9 is lenient: it takes a bare LF for the end of a line and a bare CR for a
 * character, joins folded lines without a trace, gives the values of lines with a NUL only up to
 * it, and where a body's length is said twice it takes one of the two. A proxy in front of us may
 * have read each of these otherwise. But it leaves the head where it came in and only puts NULs
 * over what ends things, so whether line follows line can be seen from the addresses. Version 1.0
 * refuses these by itself when it is told to.
 * So it is with the lines between chunks, which we do not see: what follows a body in chunks is
 * not read, its answer is the connection's last.
 * It finds the method, the target and the version by the blanks between them, whatever else they
 * hold.
 */
#include "eidcached/http/head.h"

#include <strings.h>

#include "eidcached/base/lanes.h"
#include "eidcached/http/http_metrics.h"

static enum eidc_method method_of(const char *name)
{
    static const char *const names[] = {"GET", "HEAD", "POST"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum eidc_method)i;
    }
    return EIDC_METHOD_OTHER;
}

/* clang-format off */
static const struct {
    const char *name;
    size_t length, offset;
} known_headers[] = {
#define HEADER(text, member) {text, sizeof(text) - 1, offsetof(struct eidc_request_headers, member)}
    HEADER("Host", host),
    HEADER("Accept", accept),
    HEADER("Origin", origin),
    HEADER("Authorization", authorization),
    HEADER("Cache-Control", cache_control),
    HEADER("Content-Type", content_type),
    HEADER("Content-Length", content_length),
    HEADER("If-None-Match", if_none_match),
    HEADER("Range", range),
    HEADER("If-Range", if_range),
    HEADER("Transfer-Encoding", transfer_encoding),
    HEADER("Content-Encoding", content_encoding),
    HEADER("Expect", expect),
    HEADER("Accept-Encoding", accept_encoding),
    HEADER("Forwarded", forwarded),
    HEADER("X-Forwarded-For", forwarded),
    HEADER("X-Forwarded-Host", forwarded),
    HEADER("X-Forwarded-Proto", forwarded),
#undef HEADER
};
/* clang-format on */

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (const char *p = text; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        if (!letter && !(*p >= '0' && *p <= '9') && strchr(marks, *p) == NULL)
            return false;
    }
    return *text != '\0';
}

/* No blank and no control character; bytes beyond ASCII pass: they are judged where they are used.
 */
static bool is_target(struct eidc_str target)
{
    const size_t step = sizeof(eidc_lane_vector);
    size_t at = 0;
    for (; target.n - at >= step; at += step) {
        eidc_lane_vector bytes = eidc_lanes_load(target.p + at);
        if (eidc_lanes((eidc_lane_vector)((bytes <= ' ') | (bytes == 0x7f))) != 0)
            return false;
    }
    for (; at < target.n; at++) {
        if ((unsigned char)target.p[at] <= ' ' || target.p[at] == 0x7f)
            return false;
    }
    return target.n > 0;
}

struct walk {
    struct eidc_request_headers *headers;
    const char *next; /* where the next line must begin */
};

static void check_line(struct walk *walk, struct eidc_str name, struct eidc_str value)
{
    walk->headers->mangled |= name.n == 0 || name.p != walk->next;
    for (size_t i = 0; i < name.n; i++)
        walk->headers->mangled |= (unsigned char)name.p[i] <= ' ';
    walk->headers->mangled |= value.n > 0 && memchr(value.p, '\r', value.n) != NULL;
    walk->next = value.p != NULL ? value.p + value.n + 2 : NULL;
}

static void count_line(struct eidc_request_headers *headers, const struct eidc_str *place)
{
    headers->hosts += place == &headers->host;
    headers->lengths += place == &headers->content_length;
    headers->encodings += place == &headers->transfer_encoding;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    struct walk *walk = cls;
    (void)kind;
    check_line(walk, (struct eidc_str){name, name_size}, (struct eidc_str){value, value_size});
    for (size_t i = 0; i < sizeof(known_headers) / sizeof(known_headers[0]); i++) {
        if (known_headers[i].length != name_size ||
            strncasecmp(known_headers[i].name, name, name_size) != 0)
            continue;
        struct eidc_str *place =
            (struct eidc_str *)(void *)((char *)walk->headers + known_headers[i].offset);
        if (place->p == NULL)
            *place = (struct eidc_str){value != NULL ? value : "", value_size};
        count_line(walk->headers, place);
        break;
    }
    return MHD_YES;
}

bool eidc_head_is_ours(void)
{
    return strncmp(MHD_get_version(), "0.9.", 4) == 0;
}

void eidc_head_read(struct MHD_Connection *mhd, const struct eidc_head *head,
                    struct eidc_request *r)
{
    struct walk walk = {&r->headers, head->version + strlen(head->version) + 2};
    r->method = method_of(head->method);
    r->headers.bad_line = (r->method == EIDC_METHOD_OTHER && !is_token(head->method)) ||
                          !is_target(eidc_buf_view(&r->uri));
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, take_header, &walk);
    if (!eidc_head_is_ours()) {
        r->headers.mangled = false;
        return;
    }
    size_t size =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    if (head->target != head->method + strlen(head->method) + 1)
        r->headers.bad_line = true;
    if (walk.next == NULL || walk.next + 2 != head->method + size ||
        head->target + r->uri.n + 1 != head->version)
        r->headers.mangled = true;
}

static bool refuse(struct eidc_request *r, const char *detail)
{
    eidc_http_count_rejected(EIDC_REJECTED_HEAD);
    eidc_answer_problem(r, 400, "%s", detail);
    r->answer.close = true;
    return false;
}

bool eidc_head_check(struct eidc_request *r, bool http_1_0)
{
    const struct eidc_request_headers *h = &r->headers;
    if (h->bad_line)
        return refuse(r,
                      "the request's first line is not METHOD TARGET VERSION, one blank between");
    if (h->mangled)
        return refuse(r,
                      "the request's head has a NUL, a folded line, a blank in a header's name, or "
                      "a line that does not end with CR LF");
    if (h->lengths + h->encodings > 1)
        return refuse(r,
                      "one Content-Length or one Transfer-Encoding must say how long the body is");
    if (h->encodings == 0)
        return true;
    if (http_1_0)
        return refuse(r, "HTTP/1.0 has no Transfer-Encoding");
    if (h->transfer_encoding.n != 7 || strncasecmp(h->transfer_encoding.p, "chunked", 7) != 0)
        return refuse(r, "the only Transfer-Encoding that is understood is chunked");
    r->answer.close = true;
    return true;
}
