/*
 * What is asked of the table as a whole; its rows are in listing_rows_*.c. Left out on purpose:
 * Timestream (an endpoint has to be asked for first), resource-explorer-2 Search (its results are
 * cut off at a thousand, and a listing must be whole), and the services that speak only the query
 * protocol (IAM, SNS, RDS): cloudcontrol.resources has their resources.
 */
#include "eidcached/base/words.h"
#include "listing_rows.h"

const struct eidc_listing *eidc_listing_at(size_t index)
{
    static const struct eidc_listing_rows *const files[] = {
        &eidc_listing_rows_data,
        &eidc_listing_rows_account,
        &eidc_listing_rows_compute,
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (index < files[i]->count)
            return &files[i]->rows[index];
        index -= files[i]->count;
    }
    return NULL;
}

const struct eidc_listing *eidc_listing_find(const char *id)
{
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        if (strcmp(row->id, id) == 0)
            return row;
    }
    return NULL;
}

size_t eidc_listing_above(const struct eidc_listing *row,
                          const struct eidc_listing *above[static EIDC_LISTING_DEPTH])
{
    size_t n = 0;
    for (const struct eidc_listing *at = row; at->parent; n++)
        at = eidc_listing_find(at->parent);
    for (size_t i = n; i > 0; i--)
        above[i - 1] = row = eidc_listing_find(row->parent);
    return n;
}

void eidc_listing_actions(const struct eidc_listing *row, struct eidc_buf *out)
{
    if (row->actions)
        eidc_buf_add_z(out, row->actions);
    else
        eidc_buf_addf(out, "%s:%s", row->service->iam, row->operation);
}

const struct eidc_listing_param *eidc_listing_param(const struct eidc_listing *row, const char *key)
{
    for (size_t i = 0; i < EIDC_LISTING_PARAMS && row->params[i].key; i++) {
        if (strcmp(row->params[i].key, key) == 0)
            return &row->params[i];
    }
    return NULL;
}

static bool fail_pointer(const struct eidc_listing *row, struct eidc_str member,
                         struct eidc_err *err)
{
    EIDC_BUF_AUTO have = {0};
    const char *lists[] = {row->fields, row->objects};
    for (size_t i = 0; i < 2; i++) {
        struct eidc_str word;
        for (const char *at = lists[i]; eidc_words_next(&at, &word);)
            eidc_buf_addf(&have, "%s/%.*s%s", have.n ? ", " : "", EIDC_STR_ARG(word),
                          i == 1 ? "/..." : "");
    }
    return eidc_fail(err, EIDC_ERR_INVALID, "%s has no member %.*s to take; it has %s", row->id,
                     EIDC_STR_ARG(member), eidc_buf_view(&have).p);
}

bool eidc_listing_check_pointer(const struct eidc_listing *row, const char *pointer,
                                struct eidc_err *err)
{
    if (!row->name)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s lists bare names without fields", row->id);
    const char *begin = pointer + (pointer[0] == '/');
    struct eidc_str member = {begin, strcspn(begin, "/")};
    if (eidc_words_have(begin[member.n] ? row->objects : row->fields, member))
        return true;
    return fail_pointer(row, member, err);
}
