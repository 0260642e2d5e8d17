#include "eidcached/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/base/live_line.h"

#define MESSAGE_MAX 8192 /* two of the longest names and what is said about them */

static atomic_int current_level = EIDC_LOG_INFO;
static atomic_int current_format = EIDC_LOG_TEXT;
static eidc_log_journal_fn *journal; /* NULL: none */

static const struct {
    const char *name, *padded;
    int priority; /* sd-daemon(3), syslog(3) */
} levels[] = {
    [EIDC_LOG_ERROR] = {"error", "error", 3},
    [EIDC_LOG_WARN] = {"warn", "warn ", 4},
    [EIDC_LOG_INFO] = {"info", "info ", 6},
    [EIDC_LOG_DEBUG] = {"debug", "debug", 7},
};

void eidc_log_setup(enum eidc_log_level level, enum eidc_log_format format)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&current_format, (int)format, memory_order_relaxed);
}

void eidc_log_journal(eidc_log_journal_fn *send)
{
    journal = send;
}

bool eidc_log_enabled(enum eidc_log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

/* ASCII controls and DEL, and U+0080 to U+009F, which 8-bit terminals obey. */
static size_t control_length(const char *s)
{
    unsigned char c = (unsigned char)s[0], next = (unsigned char)s[1];
    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

static void add_escaped(struct eidc_buf *line, const char *message)
{
    while (*message != 0) {
        size_t control = control_length(message);
        if (control == 0)
            eidc_buf_add_byte(line, *message++);
        else if (*message == '\n' || *message == '\r' || *message == '\t')
            eidc_buf_addf(line, "\\%c", *message == '\n' ? 'n' : *message == '\r' ? 'r' : 't');
        else
            for (size_t i = 0; i < control; i++)
                eidc_buf_addf(line, "\\x%02x", (unsigned char)message[i]);
        message += control;
    }
}

static void write_text(struct eidc_buf *line, enum eidc_log_level level, const char *message)
{
    char now[EIDC_TIME_TEXT];
    eidc_time_print(eidc_now_ms(), now);
    eidc_buf_addf(line, "%s %s ", now, levels[level].padded);
    add_escaped(line, message);
}

static void write_json(struct eidc_buf *line, enum eidc_log_level level, const char *message)
{
    struct eidc_json j = eidc_json_to(line);
    eidc_json_open_object(&j);
    eidc_json_put_time(&j, "time", eidc_now_ms());
    eidc_json_put_z(&j, "level", levels[level].name);
    eidc_json_put_z(&j, "message", message);
    eidc_json_close_object(&j);
}

static void write_journal(struct eidc_buf *line, enum eidc_log_level level, const char *message)
{
    eidc_buf_addf(line, "<%d>", levels[level].priority);
    add_escaped(line, message);
}

static void (*const writers[])(struct eidc_buf *, enum eidc_log_level, const char *) = {
    [EIDC_LOG_TEXT] = write_text,
    [EIDC_LOG_JSON] = write_json,
    [EIDC_LOG_JOURNAL] = write_journal,
};

static bool to_journal(enum eidc_log_format format, enum eidc_log_level level, const char *message)
{
    EIDC_BUF_AUTO text = {0};
    if (format != EIDC_LOG_JOURNAL || journal == NULL)
        return false;
    add_escaped(&text, message);
    return journal(levels[level].priority, eidc_buf_view(&text).n > 0 ? text.p : "");
}

static void to_stderr(enum eidc_log_format format, enum eidc_log_level level, const char *message)
{
    EIDC_BUF_AUTO line = {0};
    writers[format](&line, level, message);
    eidc_buf_add_byte(&line, '\n');
    eidc_live_line_wipe();
    ssize_t put;
    do
        put = write(STDERR_FILENO, line.p, line.n);
    while (put < 0 && errno == EINTR);
}

void eidc_log(enum eidc_log_level level, const char *fmt, ...)
{
    if (!eidc_log_enabled(level))
        return;
    int saved = errno; /* callers log and then look at errno */
    char message[MESSAGE_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof message)
        snprintf(message + sizeof message - 4, 4, "...");

    enum eidc_log_format format = atomic_load_explicit(&current_format, memory_order_relaxed);
    if (!to_journal(format, level, message))
        to_stderr(format, level, message);
    errno = saved;
}
