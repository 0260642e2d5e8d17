#include "eidcached/refresh/deadlines.h"

#define SAVING_SHARE 4 /* a quarter */
#define ASKING_SHARE 2 /* half of what listing ends by */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct eidc_deadlines eidc_deadlines_of(int64_t now_ms, int64_t timeout_ms, bool remote,
                                        const struct eidc_refresh_limits *limits)
{
    const int64_t saving = remote ? timeout_ms / SAVING_SHARE : 0;
    const int64_t listed = earlier(now_ms + timeout_ms - saving, limits->listed);

    return (struct eidc_deadlines){
        .began = now_ms,
        .asked = now_ms + (listed - now_ms) / ASKING_SHARE,
        .listed = listed,
        .ended = earlier(now_ms + timeout_ms, limits->ended),
        .saving_ms = saving,
        .latest = limits->ended,
        .what = now_ms + timeout_ms <= limits->ended ? "refresh.timeout" : limits->what,
    };
}

int64_t eidc_deadlines_saved(const struct eidc_deadlines *d, int64_t now_ms)
{
    const int64_t own = now_ms + d->saving_ms;

    return earlier(own > d->ended ? own : d->ended, d->latest);
}
