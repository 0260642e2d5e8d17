#include "tests/support/fake_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <strings.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"
#include "eidcached/net/timers.h"

#define FOREVER_MS (7LL * 24 * 3600 * 1000)

struct fake_client {
    struct eidc_http_client base;
    const struct fake_exchange *script;
    size_t script_n, at; /* at: the exchange that comes next */
    unsigned played;     /* times it has been played already */
    int64_t now;
    struct eidc_timers timers; /* of the code under test */
    struct flight *flights;    /* in order of their start */
    size_t in_flight, most_at_once;
    struct fake_request **requests;
    size_t request_n;
};

struct flight {
    struct flight *next;
    int64_t due; /* INT64_MAX: never */
    struct eidc_http_response response;
    eidc_http_done *done;
    void *arg;
};

static struct fake_client *client_of(struct eidc_http_client *c)
{
    return (struct fake_client *)(void *)c;
}

static const struct fake_client *const_client_of(const struct eidc_http_client *c)
{
    return (const struct fake_client *)(const void *)c;
}

/* ---- checking ---- */

static bool url_matches(const char *expected, const char *url)
{
    size_t n = strlen(expected);
    if (n > 0 && expected[n - 1] == '*')
        return strncmp(expected, url, n - 1) == 0;
    return strcmp(expected, url) == 0;
}

static bool header_matches(const struct eidc_http_headers *headers, const char *expected)
{
    if (expected[0] == '!')
        return eidc_http_headers_get(headers, expected + 1) == NULL;
    const char *colon = strstr(expected, ": ");
    assert_non_null(colon);
    char *name EIDC_AUTO_FREE = eidc_xstrndup(expected, (size_t)(colon - expected));
    const char *value = eidc_http_headers_get(headers, name);
    return value != NULL && strstr(value, colon + 2) != NULL;
}

static bool body_matches(struct eidc_str body, const char *expected)
{
    return body.n > 0 && memmem(body.p, body.n, expected, strlen(expected)) != NULL;
}

static void check(size_t index, const struct fake_exchange *expected,
                  const struct fake_request *got)
{
    if (expected->method != NULL && strcmp(expected->method, got->method) != 0)
        fail_msg("request %zu: %s %s, expected %s", index, got->method, got->url, expected->method);
    if (expected->url != NULL && !url_matches(expected->url, got->url))
        fail_msg("request %zu: %s, expected %s", index, got->url, expected->url);
    for (size_t i = 0; i < FAKE_HEADERS_MAX && expected->has_header[i] != NULL; i++)
        if (!header_matches(&got->headers, expected->has_header[i]))
            fail_msg("request %zu (%s): header expected: %s", index, got->url,
                     expected->has_header[i]);
    for (size_t i = 0; i < FAKE_BODY_MAX && expected->has_body[i] != NULL; i++)
        if (!body_matches(eidc_buf_view(&got->body), expected->has_body[i]))
            fail_msg("request %zu (%s): body expected to hold: %s; it is: %.*s", index, got->url,
                     expected->has_body[i], (int)got->body.n, got->body.p ? got->body.p : "");
}

/* ---- playing ---- */

static void record_body(const struct eidc_http_request *request, struct eidc_buf *out)
{
    const struct eidc_http_body *made = request->made;
    eidc_buf_add_str(out, request->body);
    if (made == NULL)
        return;
    char *to = eidc_buf_reserve(out, made->size);
    assert_non_null(to);
    made->rewind(made->arg);
    for (size_t n; out->n < made->size; eidc_buf_commit(out, n)) {
        n = made->read(made->arg, out->p + out->n, made->size - out->n);
        assert_in_range(n, 1, made->size - out->n);
    }
}

static struct fake_request *record(struct fake_client *fake,
                                   const struct eidc_http_request *request)
{
    struct fake_request *r = eidc_xcalloc(1, sizeof(*r));
    r->method = eidc_xstrdup(request->method);
    r->url = eidc_xstrdup(request->url);
    for (size_t i = 0; request->headers != NULL && i < request->headers->n; i++)
        eidc_http_headers_add(&r->headers, request->headers->at[i].name,
                              eidc_str_of(request->headers->at[i].value));
    record_body(request, &r->body);
    r->unix_socket = eidc_xstrdup(request->unix_socket);
    r->ca_bundle = eidc_xstrdup(request->ca_bundle);
    r->connect_timeout_ms = request->connect_timeout_ms;
    r->timeout_ms = request->timeout_ms;
    r->low_speed_ms = request->low_speed_ms;
    r->low_speed_bytes = request->low_speed_bytes;
    r->max_response = request->max_response;
    r->no_proxy = request->no_proxy;
    r->at_ms = fake->now;

    fake->requests =
        eidc_xrealloc(fake->requests, fake->request_n + 1, sizeof(struct fake_request *));
    fake->requests[fake->request_n++] = r;
    return r;
}

static void fill_answer(struct eidc_http_response *response, const struct fake_exchange *exchange,
                        size_t max_response)
{
    size_t n = exchange->body_n != 0 ? exchange->body_n : eidc_str_of(exchange->body).n;
    if (max_response != 0 && n > max_response) {
        eidc_fail(&response->err, EIDC_ERR_LIMIT, "fake: the answer is longer than %zu bytes",
                  max_response);
        return;
    }
    response->status = exchange->status;
    if (n > 0)
        eidc_buf_add(&response->body, exchange->body, n);
    for (size_t i = 0; i < FAKE_HEADERS_MAX && exchange->headers[i] != NULL; i++) {
        const char *colon = strstr(exchange->headers[i], ": ");
        assert_non_null(colon);
        char *name EIDC_AUTO_FREE =
            eidc_xstrndup(exchange->headers[i], (size_t)(colon - exchange->headers[i]));
        eidc_http_headers_add(&response->headers, name, eidc_str_of(colon + 2));
    }
}

static void prepare(struct flight *flight, const struct fake_exchange *exchange,
                    const struct eidc_http_request *request, int64_t now)
{
    int64_t silence = exchange->never ? INT64_MAX : exchange->delay_ms;
    int64_t whole = exchange->never ? INT64_MAX : exchange->delay_ms + exchange->transfer_ms;
    int64_t timeout = request->timeout_ms > 0 && whole >= request->timeout_ms ? request->timeout_ms
                      : request->low_speed_ms > 0 && silence >= request->low_speed_ms
                          ? request->low_speed_ms
                          : 0;
    if (timeout > 0) {
        eidc_fail(&flight->response.err, EIDC_ERR_TIMEOUT, "fake: timed out");
        flight->due = now + timeout;
        return;
    }
    flight->due = exchange->never ? INT64_MAX : now + whole;
    if (exchange->error != EIDC_ERR_NONE)
        eidc_fail(&flight->response.err, exchange->error, "fake: as scripted");
    else
        fill_answer(&flight->response, exchange, request->max_response);
}

static void fake_start(struct eidc_http_client *c, const struct eidc_http_request *request,
                       eidc_http_done *done, void *arg)
{
    struct fake_client *fake = client_of(c);
    const struct fake_request *recorded = record(fake, request);
    if (fake->at == fake->script_n)
        fail_msg("request %zu: %s %s, but the script is over", fake->request_n - 1,
                 recorded->method, recorded->url);
    const struct fake_exchange *exchange = &fake->script[fake->at];
    if (++fake->played >= (exchange->times == 0 ? 1 : exchange->times)) {
        fake->at++;
        fake->played = 0;
    }
    check(fake->request_n - 1, exchange, recorded);

    struct flight *flight = eidc_xcalloc(1, sizeof(*flight));
    flight->done = done;
    flight->arg = arg;
    prepare(flight, exchange, request, fake->now);
    struct flight **end = &fake->flights;
    while (*end != NULL)
        end = &(*end)->next;
    *end = flight;
    fake->in_flight++;
    if (fake->in_flight > fake->most_at_once)
        fake->most_at_once = fake->in_flight;
}

static void land(struct fake_client *fake, struct flight **at)
{
    struct flight *flight = *at;
    *at = flight->next;
    fake->in_flight--;
    flight->done(flight->arg, &flight->response);
    eidc_http_response_free(&flight->response);
    free(flight);
}

/* The first one that ends the soonest; NULL: none ever will. */
static struct flight **soonest(struct fake_client *fake)
{
    struct flight **best = NULL;
    for (struct flight **at = &fake->flights; *at != NULL; at = &(*at)->next)
        if ((*at)->due != INT64_MAX && (best == NULL || (*at)->due < (*best)->due))
            best = at;
    return best;
}

static bool fake_outstanding(const struct fake_client *fake)
{
    return fake->flights != NULL || fake->timers.n > 0;
}

/* One event at most, or the clock moves by the whole wait. */
static bool fake_step(struct eidc_http_client *c, int64_t max_wait_ms)
{
    struct fake_client *fake = client_of(c);
    if (!fake_outstanding(fake))
        return false;
    struct flight **flight = soonest(fake);
    int64_t answer = flight != NULL ? (*flight)->due : INT64_MAX;
    int64_t timer = eidc_timers_next(&fake->timers);
    int64_t next = answer < timer ? answer : timer;
    if (next == INT64_MAX && fake->now > FOREVER_MS)
        fail_msg("step: waits for an answer that never comes");

    if (next > fake->now + max_wait_ms) {
        fake->now += max_wait_ms;
        return true;
    }
    fake->now = next > fake->now ? next : fake->now;
    if (answer <= timer)
        land(fake, flight);
    else
        eidc_timers_run(&fake->timers, fake->now);
    return fake_outstanding(fake);
}

static void fake_after(struct eidc_http_client *c, int64_t delay_ms, eidc_http_timer *fire,
                       void *arg)
{
    struct fake_client *fake = client_of(c);
    eidc_timers_add(&fake->timers, fake->now + delay_ms, fire, arg);
}

static void fake_wake(struct eidc_http_client *c)
{
    (void)c; /* a step never sleeps */
}

static void fake_cancel(struct eidc_http_client *c)
{
    struct fake_client *fake = client_of(c);
    eidc_timers_clear(&fake->timers);
    for (size_t n = fake->in_flight; n > 0 && fake->flights != NULL; n--) {
        eidc_http_response_free(&fake->flights->response);
        eidc_fail(&fake->flights->response.err, EIDC_ERR_CANCELLED, "fake: cancelled");
        land(fake, &fake->flights);
    }
}

static void free_request(struct fake_request *r)
{
    free(r->method);
    free(r->url);
    eidc_http_headers_free(&r->headers);
    eidc_buf_free(&r->body);
    free(r->unix_socket);
    free(r->ca_bundle);
    free(r);
}

static void fake_destroy(struct eidc_http_client *c)
{
    struct fake_client *fake = client_of(c);
    fake_cancel(c);
    for (size_t i = 0; i < fake->request_n; i++)
        free_request(fake->requests[i]);
    free(fake->requests);
    eidc_timers_clear(&fake->timers);
    free(fake);
}

static const struct eidc_http_client_ops fake_ops = {
    .start = fake_start,
    .after = fake_after,
    .step = fake_step,
    .wake = fake_wake,
    .cancel = fake_cancel,
    .destroy = fake_destroy,
};

struct eidc_http_client *fake_http_new(const struct fake_exchange *script, size_t n)
{
    struct fake_client *fake = eidc_xcalloc(1, sizeof(*fake));
    fake->base.ops = &fake_ops;
    fake->script = script;
    fake->script_n = n;
    return &fake->base;
}

void fake_http_end(struct eidc_http_client *c)
{
    struct fake_client *fake = client_of(c);
    if (fake->at < fake->script_n)
        fail_msg("%zu of %zu exchanges played", fake->at, fake->script_n);
    if (fake_outstanding(fake))
        fail_msg("%zu requests and %zu timers outstanding", fake->in_flight, fake->timers.n);
    fake_destroy(c);
}

size_t fake_http_count(const struct eidc_http_client *c)
{
    return const_client_of(c)->request_n;
}

const struct fake_request *fake_http_request(const struct eidc_http_client *c, size_t index)
{
    assert_true(index < const_client_of(c)->request_n);
    return const_client_of(c)->requests[index];
}

int64_t fake_http_now(const struct eidc_http_client *c)
{
    return const_client_of(c)->now;
}

size_t fake_http_most_at_once(const struct eidc_http_client *c)
{
    return const_client_of(c)->most_at_once;
}
