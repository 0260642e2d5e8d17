#include "eidcached/core/progress.h"

#include <inttypes.h>

#define MARK_EACH_MS 3000 /* the rate is that of the last three to six seconds */

static const char *const phases[] = {
    [EIDC_PROGRESS_LISTING] = "listing",
    [EIDC_PROGRESS_BUILDING] = "building",
    [EIDC_PROGRESS_SAVING] = "saving",
};

static void measure_rate(struct eidc_progress *p, struct eidc_progress_meter *m, int64_t now)
{
    if (now - m->mark[1].at_ms >= MARK_EACH_MS) {
        m->mark[0] = m->mark[1];
        m->mark[1].at_ms = now;
        m->mark[1].calls = p->calls;
    }
    int64_t ms = now - m->mark[0].at_ms;
    p->calls_per_second =
        ms > 0 ? (double)(p->calls - m->mark[0].calls) * 1000.0 / (double)ms : 0.0;
}

/* Scopes that are kept take no time. */
static int64_t left_of(const struct eidc_progress *p)
{
    const uint64_t listed = p->scopes_done - p->scopes_kept;

    if (p->phase != EIDC_PROGRESS_LISTING || !p->all_known || listed == 0)
        return -1;
    return (int64_t)((double)p->elapsed_ms * (double)(p->scopes_known - p->scopes_done) /
                     (double)listed);
}

void eidc_progress_measure(struct eidc_progress *p, struct eidc_progress_meter *m, int64_t mono_ms)
{
    if (m->started_ms == 0) {
        m->started_ms = mono_ms;
        m->mark[0].at_ms = m->mark[1].at_ms = mono_ms;
        m->mark[0].calls = m->mark[1].calls = p->calls;
    }
    if (p->scopes_known < p->scopes_done)
        p->scopes_known = p->scopes_done; /* those of a listing of parents that failed */
    p->elapsed_ms = mono_ms - m->started_ms;
    measure_rate(p, m, mono_ms);
    p->left_ms = left_of(p);
}

static const char *s(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void print_left(int64_t left_ms, struct eidc_buf *out)
{
    const int64_t left = (left_ms + 999) / 1000;

    if (left_ms < 0)
        return;
    if (left < 120)
        eidc_buf_addf(out, ", %" PRId64 " s left", left);
    else if (left < 7200)
        eidc_buf_addf(out, ", %" PRId64 " min left", left / 60);
    else
        eidc_buf_addf(out, ", %" PRId64 " h %" PRId64 " min left", left / 3600, left % 3600 / 60);
}

void eidc_progress_print(const struct eidc_progress *p, struct eidc_buf *out)
{
    eidc_buf_addf(out, "%s: %" PRIu64 " of %" PRIu64 "%s scope%s, %" PRIu64 " name%s",
                  phases[p->phase], p->scopes_done, p->scopes_known, p->all_known ? "" : "+",
                  s(p->scopes_known), p->names, s(p->names));
    if (p->calls > 0)
        eidc_buf_addf(out, ", %" PRIu64 " call%s", p->calls, s(p->calls));
    if (p->calls > 0 && p->phase == EIDC_PROGRESS_LISTING)
        eidc_buf_addf(out, ", %.*f/s", p->calls_per_second < 9.95 ? 1 : 0, p->calls_per_second);
    if (p->throttles > 0)
        eidc_buf_addf(out, ", %" PRIu64 " throttled", p->throttles);
    print_left(p->left_ms, out);
}

void eidc_progress_write(const struct eidc_progress *p, struct eidc_json *j)
{
    eidc_json_open_object(j);
    eidc_json_put_z(j, "phase", phases[p->phase]);
    eidc_json_put_u64(j, "scopes_done", p->scopes_done);
    eidc_json_put_u64(j, "scopes_known", p->scopes_known);
    eidc_json_put_u64(j, "scopes_kept", p->scopes_kept);
    eidc_json_put_bool(j, "all_known", p->all_known);
    eidc_json_put_u64(j, "names", p->names);
    eidc_json_put_u64(j, "aws_calls", p->calls);
    eidc_json_put_seconds(j, "calls_per_second", (int64_t)(p->calls_per_second * 1000.0));
    eidc_json_put_u64(j, "throttles", p->throttles);
    eidc_json_put_seconds(j, "elapsed_seconds", p->elapsed_ms);
    eidc_json_key(j, "seconds_left");
    if (p->left_ms < 0)
        eidc_json_null(j);
    else
        eidc_json_seconds(j, p->left_ms);
    eidc_json_close_object(j);
}

static bool read_phase(const cJSON *object, enum eidc_progress_phase *out)
{
    struct eidc_str text;

    if (!eidc_json_get_str(object, "phase", &text))
        return false;
    for (unsigned i = 0; i < sizeof phases / sizeof *phases; i++)
        if (eidc_str_eq(text, eidc_str_of(phases[i]))) {
            *out = (enum eidc_progress_phase)i;
            return true;
        }
    return false;
}

static double number_of(const cJSON *object, const char *key, double otherwise)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(number) ? number->valuedouble : otherwise;
}

bool eidc_progress_read(const cJSON *object, struct eidc_progress *out)
{
    struct eidc_progress p = {0};

    if (!read_phase(object, &p.phase) ||
        !eidc_json_get_u64(object, "scopes_done", &p.scopes_done) ||
        !eidc_json_get_u64(object, "scopes_known", &p.scopes_known) ||
        !eidc_json_get_u64(object, "scopes_kept", &p.scopes_kept) ||
        !eidc_json_get_u64(object, "names", &p.names) ||
        !eidc_json_get_u64(object, "aws_calls", &p.calls) ||
        !eidc_json_get_u64(object, "throttles", &p.throttles))
        return false;
    p.all_known = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "all_known"));
    p.calls_per_second = number_of(object, "calls_per_second", 0.0);
    p.elapsed_ms = (int64_t)(number_of(object, "elapsed_seconds", 0.0) * 1000.0);
    p.left_ms = (int64_t)(number_of(object, "seconds_left", -0.001) * 1000.0);
    *out = p;
    return true;
}
