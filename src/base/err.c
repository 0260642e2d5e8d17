#include "eidcached/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Marks a text that filled its space as cut, without leaving half a UTF-8 character. */
static void mark_cut(char text[static EIDC_ERR_TEXT_MAX])
{
    size_t at = EIDC_ERR_TEXT_MAX - sizeof("...");
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    memcpy(text + at, "...", sizeof("..."));
}

/* fmt, then tail. The text is made aside, because the arguments may point into err->text. */
__attribute__((format(printf, 2, 0))) static void
put_text(struct eidc_err *err, const char *fmt, va_list ap, const char *separator, const char *tail)
{
    char text[EIDC_ERR_TEXT_MAX];
    int head = vsnprintf(text, sizeof(text), fmt, ap);
    size_t length = head > 0 ? (size_t)head : 0;
    size_t used = length < sizeof(text) ? length : sizeof(text) - 1;
    int rest = snprintf(text + used, sizeof(text) - used, "%s%s", separator, tail);
    length += rest > 0 ? (size_t)rest : 0;
    if (length >= sizeof(text))
        mark_cut(text);
    memcpy(err->text, text, sizeof(text));
}

bool eidc_fail(struct eidc_err *err, enum eidc_err_kind kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_text(err, fmt, ap, "", "");
    va_end(ap);
    err->kind = kind;
    return false;
}

bool eidc_fail_errno(struct eidc_err *err, const char *fmt, ...)
{
    int error = errno;
    char reason[128];
    const char *why = strerror_r(error, reason, sizeof(reason));
    va_list ap;
    va_start(ap, fmt);
    put_text(err, fmt, ap, ": ", why);
    va_end(ap);
    err->kind = error == ENOENT ? EIDC_ERR_NOT_FOUND : EIDC_ERR_IO;
    return false;
}

bool eidc_wrap(struct eidc_err *err, const char *fmt, ...)
{
    char inner[EIDC_ERR_TEXT_MAX];
    memcpy(inner, err->text, sizeof(inner));
    va_list ap;
    va_start(ap, fmt);
    put_text(err, fmt, ap, ": ", inner);
    va_end(ap);
    return false;
}
