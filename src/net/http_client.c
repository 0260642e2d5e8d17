#include "eidcached/net/http_client.h"

#include <openssl/crypto.h>
#include <strings.h>

#include "eidcached/base/mem.h"

/* A step of eidc_http_perform ends at the latest after this, only to look again. */
#define PERFORM_STEP_MS 1000

static bool one_line(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

bool eidc_http_headers_add(struct eidc_http_headers *h, const char *name, struct eidc_str value)
{
    if (h->n == EIDC_HTTP_HEADERS_MAX || !one_line(eidc_str_of(name)) || !one_line(value))
        return false;
    h->at[h->n++] = (struct eidc_http_header){
        .name = eidc_xstrdup(name),
        .value = eidc_xstrndup(value.n == 0 ? "" : value.p, value.n),
    };
    return true;
}

const char *eidc_http_headers_get(const struct eidc_http_headers *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (strcasecmp(h->at[i].name, name) == 0)
            return h->at[i].value;
    return NULL;
}

void eidc_http_headers_free(struct eidc_http_headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        free(h->at[i].name);
        OPENSSL_cleanse(h->at[i].value, strlen(h->at[i].value));
        free(h->at[i].value);
    }
    *h = (struct eidc_http_headers){0};
}

void eidc_http_response_free(struct eidc_http_response *response)
{
    eidc_http_headers_free(&response->headers);
    eidc_buf_free(&response->body);
    *response = (struct eidc_http_response){0};
}

struct performed {
    struct eidc_http_response response;
    bool done;
};

static void perform_done(void *arg, struct eidc_http_response *response)
{
    struct performed *performed = arg;
    performed->response = *response;
    *response = (struct eidc_http_response){0}; /* moved */
    performed->done = true;
}

bool eidc_http_perform(struct eidc_http_client *c, const struct eidc_http_request *request,
                       struct eidc_http_response *response, struct eidc_err *err)
{
    struct performed performed = {0};
    c->ops->start(c, request, perform_done, &performed);
    while (!performed.done)
        c->ops->step(c, PERFORM_STEP_MS);

    *response = performed.response;
    if (response->status != 0)
        return true;
    *err = response->err;
    eidc_http_response_free(response);
    return false;
}
