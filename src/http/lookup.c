#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/name.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/http_metrics.h"
#include "eidcached/http/negotiate.h"
#include "eidcached/http/query.h"

/* All values, one a line. */
static void write_text(enum eidc_direction direction, struct eidc_hits hits, struct eidc_buf *out)
{
    struct eidc_hit hit;
    struct eidc_str value;
    while (eidc_hit_next(&hits, direction, &hit, &value)) {
        eidc_buf_add_str(out, value);
        eidc_buf_add_byte(out, '\n');
    }
}

/* ,"eids":[...] behind the first of several values. */
static void write_values(enum eidc_direction direction, struct eidc_hits hits, struct eidc_buf *out)
{
    struct eidc_hit hit;
    struct eidc_str value;
    eidc_buf_add_str(out, eidc_directions[direction].before_values);
    for (bool first = true; eidc_hit_next(&hits, direction, &hit, &value); first = false) {
        if (!first)
            eidc_buf_add_byte(out, ',');
        eidc_json_quote(out, value);
    }
    eidc_buf_add_byte(out, ']');
}

static void write_json(enum eidc_direction direction, struct eidc_str key, struct eidc_hits hits,
                       struct eidc_buf *out)
{
    struct eidc_hits rest = hits;
    struct eidc_hit hit;
    struct eidc_str value = {0};
    eidc_hit_next(&rest, direction, &hit, &value);
    if (direction == EIDC_REVERSE) /* as it is stored, which need not be as it was asked for */
        key = (struct eidc_str){hit.eid, eidc_record_print_eid(hits.image, &hit.record, hit.eid)};
    eidc_direction_open(direction, key, value, out);
    if (eidc_hit_next(&rest, direction, &hit, &value))
        write_values(direction, hits, out);
    eidc_buf_add_str(out, EIDC_STR("}\n"));
}

/* The oldest of the times the hits were last seen; 0 when there is not one. */
static int64_t oldest_as_of(const struct eidc_generation *g, struct eidc_hits hits)
{
    int64_t oldest = 0;
    struct eidc_record record;
    for (bool first = true; eidc_hits_next(&hits, &record); first = false) {
        int64_t as_of = eidc_generation_record_as_of(g, &record);
        if (first || as_of < oldest)
            oldest = as_of;
    }
    return oldest;
}

static void answer_hit(struct eidc_request *r, enum eidc_direction direction, struct eidc_hits hits)
{
    if (!eidc_young_enough(r) || eidc_not_modified(r))
        return;
    bool text = eidc_accept(r->headers.accept, EIDC_MEDIA_JSON) == EIDC_MEDIA_TEXT;
    if (text)
        write_text(direction, hits, &r->out);
    else
        write_json(direction, eidc_buf_view(&r->key), hits, &r->out);
    r->answer.content_type = text ? EIDC_TYPE_TEXT : EIDC_TYPE_JSON;
    r->answer.status = 200;
    r->answer.reusable = true;
}

static void answer_miss(struct eidc_request *r, enum eidc_direction direction)
{
    if (eidc_young_enough(r))
        eidc_answer_problem(r, 404, "no such %s in this generation",
                            eidc_directions[direction].key);
}

static void look_up_in(struct eidc_request *r, const struct eidc_generation *g,
                       enum eidc_direction direction)
{
    struct eidc_hits hits;
    int64_t now = eidc_now_ms();
    if (!eidc_fresh_enough(r, g, now))
        return;
    bool hit = eidc_directions[direction].find(g->image, eidc_buf_view(&r->key), &hits);
    int64_t as_of =
        hit ? oldest_as_of(g, hits) : atomic_load_explicit(&g->verified_at, memory_order_relaxed);
    eidc_answer_generation(r, g, as_of, now);
    eidc_http_count_lookups(direction, hit, !hit);
    if (hit)
        answer_hit(r, direction, hits);
    else
        answer_miss(r, direction);
}

/* The key out of the path into r->key; false, with a 400 in r: it cannot be one. */
static bool take_key(struct eidc_request *r, enum eidc_direction direction)
{
    const char *what = eidc_directions[direction].key;
    const char *problem = eidc_query_decode(r->rest, &r->key);
    if (problem == NULL && direction == EIDC_FORWARD)
        problem = eidc_name_problem(eidc_buf_view(&r->key));
    if (problem == NULL && r->key.n == 0)
        problem = "is empty";
    if (problem == NULL && r->key.n > EIDC_NAME_MAX)
        problem = "is too long";
    if (problem != NULL)
        eidc_answer_problem(r, 400, "the %s %s", what, problem);
    return problem == NULL;
}

static void look_up(struct eidc_request *r, enum eidc_direction direction)
{
    r->answer.vary_accept = true;
    if (!take_key(r, direction))
        return;
    const struct eidc_generation *g = eidc_current_enter();
    if (g != NULL)
        look_up_in(r, g, direction);
    else
        eidc_answer_unavailable(r, EIDC_NO_GENERATION);
    eidc_current_leave();
}

void eidc_handle_forward(struct eidc_request *r)
{
    look_up(r, EIDC_FORWARD);
}

void eidc_handle_reverse(struct eidc_request *r)
{
    look_up(r, EIDC_REVERSE);
}
