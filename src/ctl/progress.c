#include "eidcached/ctl/progress.h"

#include <sys/stat.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/live_line.h"

#define WIDTH      30
#define CLOCK_EACH 1024 /* names between two looks at the clock */

static uint64_t size_of(FILE *input)
{
    struct stat st;
    return fstat(fileno(input), &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

struct eidc_ctl_progress eidc_ctl_progress_start(const struct eidc_ctl *ctl, FILE *input)
{
    if (!ctl->io->err_terminal)
        return (struct eidc_ctl_progress){0};
    return (struct eidc_ctl_progress){.to = ctl->io->err, .input = input, .total = size_of(input)};
}

static void add_bar(struct eidc_buf *out, uint64_t done, uint64_t total)
{
    static const char full[] = "##############################",
                      none[] = "..............................";
    const int filled = (int)(done < total ? done * WIDTH / total : WIDTH);
    eidc_buf_addf(out, "[%.*s%.*s] %3u %%  ", filled, full, WIDTH - filled, none,
                  (unsigned)(done < total ? done * 100 / total : 100));
}

void eidc_ctl_progress_step(struct eidc_ctl_progress *progress, uint64_t names)
{
    if (progress->to == NULL || names % CLOCK_EACH != 1)
        return;
    int64_t now = eidc_mono_ms();
    EIDC_BUF_AUTO line = {0};
    if (!eidc_live_line_due(now))
        return;
    if (progress->total > 0)
        add_bar(&line, (uint64_t)ftello(progress->input), progress->total);
    eidc_buf_addf(&line, "%llu name%s", (unsigned long long)names, eidc_ctl_s(names));
    eidc_live_line_show(progress->to, eidc_buf_view(&line), now);
}

void eidc_ctl_progress_end(struct eidc_ctl_progress *progress)
{
    if (progress->to != NULL)
        eidc_live_line_wipe();
}
