#include "eidcached/http/http_request.h"

#include <stdlib.h>
#include <strings.h>

#define KEPT_BUFFER_MAX (8ul * 1024) /* what a connection keeps between requests */

static void keep_small(struct eidc_buf *b)
{
    if (b->cap > KEPT_BUFFER_MAX)
        eidc_buf_free(b);
    eidc_buf_clear(b);
    b->limit = 0;
}

static void drop_all(struct eidc_request *r)
{
    eidc_answer_drop_body(&r->answer);
    free(r->wait.round);
    r->wait.round = NULL;
}

void eidc_request_reset(struct eidc_request *r)
{
    drop_all(r);
    keep_small(&r->uri);
    keep_small(&r->lists);
    keep_small(&r->body);
    keep_small(&r->key);
    keep_small(&r->out);
    *r = (struct eidc_request){
        .service = r->service,
        .is_unix = r->is_unix,
        .is_loopback = r->is_loopback,
        .uri = r->uri,
        .lists = r->lists,
        .body = r->body,
        .key = r->key,
        .out = r->out,
    };
}

void eidc_request_free(struct eidc_request *r)
{
    drop_all(r);
    eidc_buf_free(&r->uri);
    eidc_buf_free(&r->lists);
    eidc_buf_free(&r->body);
    eidc_buf_free(&r->key);
    eidc_buf_free(&r->out);
}

/* "http://host:port/path": a server must take it (RFC 9112 section 3.2.2). */
static struct eidc_str cut_authority(struct eidc_request *r, struct eidc_str target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (target.n < n || strncasecmp(target.p, schemes[i], n) != 0)
            continue;
        struct eidc_str rest = {target.p + n, target.n - n};
        size_t host = strcspn(rest.p, "/?");
        r->uri_host = (struct eidc_str){rest.p, host};
        return (struct eidc_str){rest.p + host, rest.n - host};
    }
    return target;
}

void eidc_request_set_uri(struct eidc_request *r, const char *uri)
{
    eidc_buf_clear(&r->uri);
    eidc_buf_add_z(&r->uri, uri);
    struct eidc_str target = eidc_buf_view(&r->uri);
    if (*uri != '/')
        target = cut_authority(r, target);
    const char *mark = target.n > 0 ? memchr(target.p, '?', target.n) : NULL;
    r->path = target;
    r->query = EIDC_STR("");
    if (mark != NULL) {
        r->path.n = (size_t)(mark - target.p);
        r->query = (struct eidc_str){mark + 1, target.n - r->path.n - 1};
    }
    if (r->path.n == 0)
        r->path = EIDC_STR("/");
}
