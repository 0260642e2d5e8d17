/* A request target as it comes: its parts lie inside of it, a route is found by its beginning, and
 * the key of a look-up decodes or is told to be wrong. */
#include "eidcached/base/name.h"
#include "eidcached/http/http_request.h"
#include "eidcached/http/query.h"
#include "eidcached/http/routes.h"
#include "tests/fuzz/fuzz.h"

static bool inside(struct eidc_str part, struct eidc_str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_route(struct eidc_request *r)
{
    size_t n = strlen(r->route->path);
    fuzz_must(eidc_str_starts(r->path, eidc_str_of(r->route->path)));
    fuzz_must(r->rest.n == r->path.n - n);
    if (eidc_query_decode(r->rest, &r->key) == NULL) {
        fuzz_must(r->key.n <= r->rest.n);
        eidc_name_problem(eidc_buf_view(&r->key));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EIDC_BUF_AUTO target = {0};
    struct eidc_request r = {0};
    eidc_buf_add(&target, data, size);
    eidc_buf_add_byte(&target, '\0'); /* libmicrohttpd's is a C string */
    eidc_request_set_uri(&r, target.p);
    const struct eidc_str whole = eidc_buf_view(&r.uri);
    fuzz_must(r.path.n > 0 && inside(r.query, whole));
    fuzz_must(inside(r.path, whole) || eidc_str_eq(r.path, EIDC_STR("/")));
    fuzz_must(r.uri_host.p == NULL || inside(r.uri_host, whole));
    eidc_route_find(&r);
    if (r.route != NULL)
        check_route(&r);
    eidc_request_free(&r);
    return 0;
}
