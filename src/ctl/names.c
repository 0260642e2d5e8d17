#include <inttypes.h>

#include "eidcached/base/encode.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/client.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/entry.h"

#define PAGE_NAMES 10000 /* the server's limit */

static bool put_entry(const struct eidc_ctl *ctl, const cJSON *entry)
{
    const cJSON *eids = cJSON_GetObjectItemCaseSensitive(entry, "eids"), *one;
    struct eidc_str name, eid;
    if (!eidc_json_get_str(entry, "name", &name) || !eidc_json_get_str(entry, "eid", &eid))
        return false;
    if (!cJSON_IsArray(eids)) {
        eidc_ctl_pair_put(ctl, name, eid);
        return true;
    }
    cJSON_ArrayForEach(one, eids)
    {
        if (!cJSON_IsString(one))
            return false;
        eidc_ctl_pair_put(ctl, name, eidc_str_of(one->valuestring));
    }
    return true;
}

/* Shows the names of a page; *next: where the next one begins, empty when there is none. */
static bool put_page(const struct eidc_ctl *ctl, const cJSON *page, uint64_t *names,
                     struct eidc_buf *next)
{
    const cJSON *entries = cJSON_GetObjectItemCaseSensitive(page, "names"), *entry;
    struct eidc_str last = {0};
    if (!cJSON_IsArray(entries))
        return false;
    cJSON_ArrayForEach(entry, entries)
    {
        ++*names;
        if (!put_entry(ctl, entry))
            return false;
    }
    if (!eidc_json_get_str(page, "next", &last))
        last = (struct eidc_str){0};
    if (last.n > 0 && eidc_str_cmp(last, eidc_buf_view(next)) <= 0)
        return false; /* names come in order: a page that leads back has no end */
    eidc_buf_clear(next);
    eidc_buf_add_str(next, last);
    return true;
}

static void make_target(const struct eidc_ctl *ctl, uint64_t left, const struct eidc_buf *after,
                        struct eidc_buf *target)
{
    eidc_buf_clear(target);
    eidc_buf_addf(target, "/v1/names?limit=%" PRIu64, left < PAGE_NAMES ? left : PAGE_NAMES);
    if (ctl->options.prefix[0] != '\0') {
        eidc_buf_add_z(target, "&prefix=");
        eidc_percent_encode(target, eidc_str_of(ctl->options.prefix), "");
    }
    if (after->n > 0) {
        eidc_buf_add_z(target, "&after=");
        eidc_percent_encode(target, eidc_buf_view(after), "");
    }
}

int eidc_ctl_names(struct eidc_ctl *ctl)
{
    EIDC_BUF_AUTO after = {0};
    EIDC_BUF_AUTO target = {0};
    uint64_t names = 0;
    eidc_buf_add_str(&after, eidc_str_of(ctl->options.after));
    do {
        EIDC_CTL_RESPONSE_AUTO response = {0};
        EIDC_CJSON_AUTO *page = NULL;
        struct eidc_err err;
        make_target(ctl, ctl->options.limit - names, &after, &target);
        const struct eidc_ctl_request request = {.method = "GET", .target = target.p};
        if (!eidc_ctl_exchange(ctl, &request, &response, &err))
            return eidc_ctl_unreachable(ctl, "names", &err);
        if (response.status != 200)
            return eidc_ctl_refused(ctl, "names", &response);
        if (!eidc_json_parse(eidc_buf_view(&response.body), &page, &err))
            return eidc_ctl_failed(ctl, "names: the server's answer", &err, NULL);
        if (!put_page(ctl, page, &names, &after)) {
            eidc_ctl_complain(ctl, "names: the server's answer is no page of names");
            return EIDC_CTL_FAILED;
        }
    } while (after.n > 0 && names < ctl->options.limit && !ferror(ctl->io->out));
    return EIDC_CTL_OK;
}
