#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/http_metrics.h"

static void write_generation(struct eidc_json *j, const struct eidc_generation *g,
                             int64_t max_stale_ms, int64_t now)
{
    eidc_json_key(j, "generation");
    if (g == NULL) {
        eidc_json_null(j);
        return;
    }
    const struct eidc_image_info *info = eidc_image_info(g->image);
    int64_t verified = atomic_load_explicit(&g->verified_at, memory_order_relaxed);
    eidc_json_open_object(j);
    eidc_json_put_u64(j, "number", info->number);
    eidc_json_put_z(j, "id", info->id);
    eidc_json_put_time(j, "created_at", info->created_at_ms);
    eidc_json_put_time(j, "refreshed_at",
                       atomic_load_explicit(&g->refreshed_at, memory_order_relaxed));
    eidc_json_put_time(j, "verified_at", verified);
    eidc_json_put_seconds(j, "age_seconds", now > verified ? now - verified : 0);
    eidc_json_put_u64(j, "names", info->names);
    eidc_json_put_u64(j, "bytes", eidc_image_block(g->image).n);
    eidc_json_put_bool(j, "partial", atomic_load_explicit(&g->partial, memory_order_relaxed));
    eidc_json_put_bool(j, "stale", eidc_is_stale(g, max_stale_ms, now));
    eidc_json_close_object(j);
}

static void write_lookups(struct eidc_json *j)
{
    eidc_json_key(j, "lookups");
    eidc_json_open_object(j);
    eidc_json_put_u64(j, "forward", eidc_http_lookups(EIDC_FORWARD));
    eidc_json_put_u64(j, "reverse", eidc_http_lookups(EIDC_REVERSE));
    eidc_json_put_u64(j, "misses", eidc_http_misses());
    eidc_json_close_object(j);
}

void eidc_handle_status(struct eidc_request *r)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "service", "eidcached");
    eidc_json_put_z(&j, "version", EIDC_VERSION);
    eidc_json_put_time(&j, "started_at", r->service->started_at_ms);
    write_generation(&j, eidc_current_enter(), atomic_load(&r->service->max_stale_ms),
                     eidc_now_ms());
    eidc_current_leave();
    eidc_report_write(r->service->report, &j);
    write_lookups(&j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_JSON;
    r->answer.no_store = true;
}
