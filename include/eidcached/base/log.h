#pragma once
/*
 * One line an event, to standard error, written with one write(2). Thread-safe. Formats:
 *   text     2026-11-22T18:24:37.120Z info  refresh: ok, 250 names
 *   json     {"time":"...","level":"info","message":"..."}
 *   journal  <6>refresh: ok, 250 names         (sd-daemon(3) priority prefix), unless whoever
 *            set eidc_log_journal takes it
 * Control characters in messages are escaped, so that a name can never forge a line.
 */
#include <stdbool.h>

enum eidc_log_level { EIDC_LOG_ERROR, EIDC_LOG_WARN, EIDC_LOG_INFO, EIDC_LOG_DEBUG };
enum eidc_log_format { EIDC_LOG_TEXT, EIDC_LOG_JSON, EIDC_LOG_JOURNAL };

/* Default: INFO, TEXT. May be called again at any time (reload). */
void eidc_log_setup(enum eidc_log_level level, enum eidc_log_format format);
/* Takes the lines of the format journal, to give them fields; false: the line goes to standard
 * error. The message has its control characters escaped. Set once, before threads start. */
typedef bool eidc_log_journal_fn(int priority, const char *message);
void eidc_log_journal(eidc_log_journal_fn *send);
bool eidc_log_enabled(enum eidc_log_level level);
void eidc_log(enum eidc_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define eidc_error(...) eidc_log(EIDC_LOG_ERROR, __VA_ARGS__)
#define eidc_warn(...)  eidc_log(EIDC_LOG_WARN, __VA_ARGS__)
#define eidc_info(...)  eidc_log(EIDC_LOG_INFO, __VA_ARGS__)
#define eidc_debug(...) eidc_log(EIDC_LOG_DEBUG, __VA_ARGS__)
