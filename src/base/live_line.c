#include "eidcached/base/live_line.h"

#include <stdatomic.h>

#define EVERY_MS 100
#define WIDTH    79

static int64_t shown_at_ms; /* 0: never */
static _Atomic(FILE *) shown_on;

bool eidc_live_line_due(int64_t mono_ms)
{
    return shown_at_ms == 0 || mono_ms - shown_at_ms >= EVERY_MS;
}

void eidc_live_line_show(FILE *to, struct eidc_str text, int64_t mono_ms)
{
    int n = text.n < WIDTH ? (int)text.n : WIDTH;
    shown_at_ms = mono_ms;
    atomic_store(&shown_on, to);
    fprintf(to, "\r%.*s\033[K", n, text.p);
    fflush(to);
}

void eidc_live_line_wipe(void)
{
    FILE *on = atomic_exchange(&shown_on, NULL);
    if (on == NULL)
        return;
    fputs("\r\033[K", on);
    fflush(on);
    shown_at_ms = 0;
}
