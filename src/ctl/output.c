#include <stdarg.h>

#include "eidcached/base/utf8.h"
#include "eidcached/ctl/ctl.h"

static void put_without_controls(struct eidc_str text, FILE *out)
{
    EIDC_BUF_AUTO visible = {0};
    eidc_utf8_add_visible(text, &visible);
    fwrite(eidc_buf_view(&visible).p, 1, visible.n, out);
}

void eidc_ctl_complain(const struct eidc_ctl *ctl, const char *fmt, ...)
{
    EIDC_BUF_AUTO text = {0};
    va_list ap;
    va_start(ap, fmt);
    eidc_buf_addv(&text, fmt, ap);
    va_end(ap);
    fputs("eidctl: ", ctl->io->err);
    put_without_controls(eidc_buf_view(&text), ctl->io->err);
    fputc('\n', ctl->io->err);
}

int eidc_ctl_failed(const struct eidc_ctl *ctl, const char *what, const struct eidc_err *err,
                    const char *advice)
{
    eidc_ctl_complain(ctl, "%s: %s%s%s", what, err->text, advice != NULL ? "; " : "",
                      advice != NULL ? advice : "");
    return EIDC_CTL_FAILED;
}

void eidc_ctl_put(const struct eidc_ctl *ctl, struct eidc_str text)
{
    if (ctl->io->terminal)
        put_without_controls(text, ctl->io->out);
    else
        fwrite(text.p, 1, text.n, ctl->io->out);
}

void eidc_ctl_put_document(const struct eidc_ctl *ctl, struct eidc_str body)
{
    body = eidc_str_trim(body);
    fwrite(body.p, 1, body.n, ctl->io->out);
    fputc('\n', ctl->io->out);
}
