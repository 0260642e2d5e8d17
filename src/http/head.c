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
 *
 * A list may come in several lines (RFC 9110 section 5.3). Hardly any does: only then is it put
 * together, in a second walk.
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
static const struct known_header {
    const char *name;
    size_t length, offset;
    bool is_list;
} known_headers[] = {
#define ROW(text, member, is_list) \
    {text, sizeof(text) - 1, offsetof(struct eidc_request_headers, member), is_list}
#define HEADER(text, member) ROW(text, member, false)
#define LIST(text, member) ROW(text, member, true)
    HEADER("Host", host),
    LIST("Accept", accept),
    HEADER("Origin", origin),
    HEADER("Authorization", authorization),
    LIST("Cache-Control", cache_control),
    HEADER("Content-Type", content_type),
    HEADER("Content-Length", content_length),
    LIST("If-None-Match", if_none_match),
    HEADER("Range", range),
    HEADER("If-Range", if_range),
    HEADER("Transfer-Encoding", transfer_encoding),
    HEADER("Content-Encoding", content_encoding),
    HEADER("Expect", expect),
    LIST("Accept-Encoding", accept_encoding),
    HEADER("Forwarded", forwarded),
    HEADER("X-Forwarded-For", forwarded),
    HEADER("X-Forwarded-Host", forwarded),
    HEADER("X-Forwarded-Proto", forwarded),
#undef LIST
#undef HEADER
#undef ROW
};
#define KNOWN_HEADERS (sizeof(known_headers) / sizeof(known_headers[0]))
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
    uint32_t apart;   /* lists in several lines: bits of known_headers */
};
_Static_assert(KNOWN_HEADERS <= 32, "struct walk has a bit for each");

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
    headers->origins += place == &headers->origin;
    headers->lengths += place == &headers->content_length;
    headers->encodings += place == &headers->transfer_encoding;
}

static bool is_named(const struct known_header *known, const char *name, size_t name_size)
{
    return known->length == name_size && strncasecmp(known->name, name, name_size) == 0;
}

static struct eidc_str *place_of(const struct known_header *known,
                                 struct eidc_request_headers *headers)
{
    return (struct eidc_str *)(void *)((char *)headers + known->offset);
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    struct walk *walk = cls;
    (void)kind;
    check_line(walk, (struct eidc_str){name, name_size}, (struct eidc_str){value, value_size});
    for (size_t i = 0; i < KNOWN_HEADERS; i++) {
        if (!is_named(&known_headers[i], name, name_size))
            continue;
        struct eidc_str *place = place_of(&known_headers[i], walk->headers);
        if (place->p == NULL)
            *place = (struct eidc_str){value != NULL ? value : "", value_size};
        else if (known_headers[i].is_list)
            walk->apart |= 1u << i;
        count_line(walk->headers, place);
        break;
    }
    return MHD_YES;
}

struct joining {
    const struct known_header *known;
    struct eidc_buf *to;
    size_t start;
};

static enum MHD_Result join_line(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    struct joining *list = cls;
    (void)kind;
    if (!is_named(list->known, name, name_size))
        return MHD_YES;
    if (list->to->n > list->start)
        eidc_buf_add_str(list->to, EIDC_STR(", "));
    eidc_buf_add(list->to, value, value_size);
    return MHD_YES;
}

/* Each line loses its name, colon and end, which is more than it gains: `size` bytes of head hold
 * them all, and views of what is joined already stay good. */
static void join_lists(struct MHD_Connection *mhd, struct eidc_request *r, uint32_t apart,
                       size_t size)
{
    if (eidc_buf_reserve(&r->lists, size) == NULL)
        return; /* the first lines it is */
    for (size_t i = 0; i < KNOWN_HEADERS; i++) {
        struct joining list = {&known_headers[i], &r->lists, r->lists.n};
        if ((apart & 1u << i) == 0)
            continue;
        MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, join_line, &list);
        *place_of(list.known, &r->headers) =
            (struct eidc_str){r->lists.p + list.start, r->lists.n - list.start};
    }
}

static size_t head_size(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
}

bool eidc_head_is_ours(void)
{
    return strncmp(MHD_get_version(), "0.9.", 4) == 0;
}

void eidc_head_read(struct MHD_Connection *mhd, const struct eidc_head *head,
                    struct eidc_request *r)
{
    struct walk walk = {&r->headers, head->version + strlen(head->version) + 2, 0};
    r->method = method_of(head->method);
    r->headers.bad_line = (r->method == EIDC_METHOD_OTHER && !is_token(head->method)) ||
                          !is_target(eidc_buf_view(&r->uri));
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, take_header, &walk);
    if (walk.apart != 0)
        join_lists(mhd, r, walk.apart, head_size(mhd));
    if (!eidc_head_is_ours()) {
        r->headers.mangled = false;
        return;
    }
    if (head->target != head->method + strlen(head->method) + 1)
        r->headers.bad_line = true;
    if (walk.next == NULL || walk.next + 2 != head->method + head_size(mhd) ||
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
