#include "eidcached/ctl/last_words.h"

#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof signals / sizeof signals[0])

static char line[256]; /* changed with the signals blocked */
static size_t line_n;
static int line_fd = -1;

static void say_and_end(int number)
{
    if (line_n > 0 && write(line_fd, line, line_n) < 0)
        line_n = 0;
    raise(number); /* by default now, as soon as this returns */
}

/* What was ignored, as nohup does, stays so. */
static void catch_signals(void)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) != 0 || action.sa_handler != SIG_DFL)
            continue;
        action = (struct sigaction){.sa_handler = say_and_end, .sa_flags = (int)SA_RESETHAND};
        sigaction(signals[i], &action, NULL);
    }
}

static void block_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}

void eidc_ctl_last_words_set(const struct eidc_ctl *ctl, const char *fmt, ...)
{
    sigset_t before;
    va_list ap;
    block_signals(&before);
    line_fd = fileno(ctl->io->err);
    line_n = (size_t)snprintf(line, sizeof line, "eidctl: ");
    va_start(ap, fmt);
    line_n += (size_t)vsnprintf(line + line_n, sizeof line - line_n, fmt, ap);
    va_end(ap);
    if (line_n > sizeof line - 1)
        line_n = sizeof line - 1;
    line[line_n++] = '\n'; /* in place of the NUL */
    if (line_fd >= 0)
        catch_signals();
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void eidc_ctl_last_words_drop(void)
{
    sigset_t before;
    block_signals(&before);
    line_n = 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void eidc_ctl_last_words_say(const struct eidc_ctl *ctl)
{
    fwrite(line, 1, line_n, ctl->io->err);
    eidc_ctl_last_words_drop();
}
