/* How far the refresh under way has come, for whoever watches: /v1/status at any time, a terminal
 * as it goes, everybody else a line now and then. */
#include "eidcached/base/clock.h"
#include "eidcached/base/live_line.h"
#include "eidcached/base/log.h"
#include "refresh_internal.h"

#define TELL_EACH_MS 100
#define LOG_EACH_MS  10000

static void add_source(const struct eidc_source *source, const struct eidc_round_source *told,
                       struct eidc_progress *p)
{
    const uint32_t done = told->listed + told->gone + told->failed + told->kept;
    struct eidc_source_progress own = {
        .scopes_known = done, .all_known = true, .names = told->names};

    if (!told->done && source->ops->progress != NULL)
        source->ops->progress(source, &own);
    p->scopes_done += done;
    p->scopes_kept += told->kept;
    p->scopes_known += own.scopes_known > done ? own.scopes_known : done;
    p->names += own.names;
    p->all_known = p->all_known && own.all_known;
}

static struct eidc_progress look(struct eidc_refresh *r, const struct eidc_round *round)
{
    const struct eidc_aws_counts counted = eidc_aws_counted(r->aws);
    struct eidc_progress p = {.phase = r->watch.phase,
                              .all_known = true,
                              .calls = counted.calls - r->watch.before.calls,
                              .throttles = counted.throttles - r->watch.before.throttles};

    for (size_t i = 0; round->told != NULL && i < round->source_count; i++)
        add_source(round->sources[i], &round->told[i], &p);
    return p;
}

static void show(struct eidc_refresh *r, const struct eidc_progress *p, int64_t now)
{
    EIDC_BUF_AUTO line = {0};

    if (!r->watch.live && now - r->watch.logged_ms < LOG_EACH_MS)
        return;
    eidc_progress_print(p, &line);
    if (r->watch.live) {
        eidc_live_line_show(stderr, eidc_buf_view(&line), now);
        return;
    }
    r->watch.logged_ms = now;
    eidc_info("refresh: %s", eidc_buf_view(&line).p);
}

static void tell(struct eidc_refresh *r, const struct eidc_round *round, int64_t now)
{
    struct eidc_progress p = look(r, round);

    r->watch.told_ms = now;
    eidc_progress_measure(&p, &r->watch.meter, now);
    eidc_report_progress(r->report, &p);
    show(r, &p, now);
}

void eidc_refresh_watch_begin(struct eidc_refresh *r)
{
    const bool live = r->watch.live;
    const int64_t now = eidc_mono_ms();

    r->watch = (struct eidc_refresh_watch){
        .live = live, .before = eidc_aws_counted(r->aws), .logged_ms = now};
}

void eidc_refresh_watch_tick(struct eidc_refresh *r, const struct eidc_round *round)
{
    const int64_t now = eidc_mono_ms();

    if (now - r->watch.told_ms >= TELL_EACH_MS)
        tell(r, round, now);
}

void eidc_refresh_watch_phase(struct eidc_refresh *r, const struct eidc_round *round,
                              enum eidc_progress_phase phase)
{
    r->watch.phase = phase;
    tell(r, round, eidc_mono_ms());
}

void eidc_refresh_watch_end(struct eidc_refresh *r)
{
    eidc_live_line_wipe();
    eidc_report_progress(r->report, NULL);
}
