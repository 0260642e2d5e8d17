#include "eidcached/config/config.h"

#include "eidcached/ctl/commands.h"

bool eidc_ctl_load_config(const struct eidc_ctl *ctl, struct eidc_config **out)
{
    struct eidc_config_problems problems = {0};
    if (ctl->options.config == NULL) {
        *out = NULL;
        return true;
    }
    bool ok = eidc_config_load(ctl->options.config, out, &problems);
    struct eidc_str text = eidc_buf_view(&problems.text);
    for (const char *end; (end = memchr(text.p, '\n', text.n)) != NULL;) {
        eidc_ctl_complain(ctl, "%.*s", (int)(end - text.p), text.p);
        text.n -= (size_t)(end + 1 - text.p);
        text.p = end + 1;
    }
    eidc_config_problems_free(&problems);
    return ok;
}
