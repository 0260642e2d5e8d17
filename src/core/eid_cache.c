#include "eidcached/core/eid_cache.h"

#include <stdlib.h>

#include "eidcached/base/json.h"

/* One line of reverse_dict. The text is in a shared buffer, the name in the image. */
struct reverse {
    size_t text_at;
    size_t text_n;
    struct eidc_str name;
};

static struct eidc_str text_of(const struct reverse *r, const char *texts)
{
    return (struct eidc_str){texts + r->text_at, r->text_n};
}

static int by_text_then_name(const void *a, const void *b, void *texts)
{
    const struct reverse *x = a, *y = b;
    int order = eidc_str_cmp(text_of(x, texts), text_of(y, texts));
    return order != 0 ? order : eidc_str_cmp(x->name, y->name);
}

static void write_forward(const struct eidc_image *image, struct eidc_json *j)
{
    struct eidc_cursor at = eidc_image_begin(image);
    struct eidc_record record;
    struct eidc_str last = {0};
    char text[EIDC_EID_TEXT_MAX];
    eidc_json_key(j, "forward_dict");
    eidc_json_open_object(j);
    while (eidc_cursor_next(&at, &record)) {
        if (eidc_str_eq(record.name, last))
            continue;
        last = record.name;
        size_t n = eidc_record_print_eid(image, &record, text);
        eidc_json_key_str(j, record.name);
        eidc_json_str(j, (struct eidc_str){text, n});
    }
    eidc_json_close_object(j);
}

/* Printed text is not in the order of raw bytes (base32, field EIDs): it is printed, then sorted.
 * Returns how many, at most max. */
static size_t collect(const struct eidc_image *image, struct reverse *out, size_t max,
                      struct eidc_buf *texts)
{
    struct eidc_cursor at = eidc_image_begin(image);
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    size_t n = 0;
    while (n < max && eidc_cursor_next(&at, &record)) {
        size_t text_n = eidc_record_print_eid(image, &record, text);
        out[n++] = (struct reverse){texts->n, text_n, record.name};
        if (!eidc_buf_add(texts, text, text_n))
            break;
    }
    return n;
}

static void write_sorted(const struct reverse *all, size_t n, const char *texts,
                         struct eidc_json *j)
{
    eidc_json_key(j, "reverse_dict");
    eidc_json_open_object(j);
    for (size_t i = 0; i < n; i++) {
        struct eidc_str text = text_of(&all[i], texts);
        if (i > 0 && eidc_str_eq(text, text_of(&all[i - 1], texts)))
            continue;
        eidc_json_key_str(j, text);
        eidc_json_str(j, all[i].name);
    }
    eidc_json_close_object(j);
}

static bool write_reverse(const struct eidc_image *image, struct eidc_json *j, struct eidc_err *err)
{
    size_t entries = eidc_image_info(image)->entries;
    struct reverse *all = calloc(entries + 1, sizeof *all);
    EIDC_BUF_AUTO texts = {0};
    if (all == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to sort %zu EIDs", entries);
    size_t n = collect(image, all, entries, &texts);
    if (!texts.failed) {
        qsort_r(all, n, sizeof *all, by_text_then_name, texts.p);
        write_sorted(all, n, eidc_buf_view(&texts).p, j);
    }
    free(all);
    return !texts.failed || eidc_fail(err, EIDC_ERR_NOMEM, "no memory to print %zu EIDs", entries);
}

bool eidc_eid_cache_write(const struct eidc_image *image, uint64_t request_count,
                          struct eidc_buf *out, struct eidc_err *err)
{
    struct eidc_json j = eidc_json_to(out);
    eidc_json_open_object(&j);
    write_forward(image, &j);
    if (!write_reverse(image, &j, err))
        return eidc_wrap(err, "eid_cache.json");
    eidc_json_put_time(&j, "created_at", eidc_image_info(image)->created_at_ms);
    eidc_json_put_u64(&j, "request_count", request_count);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(out, '\n');
    if (out->failed)
        return eidc_fail(err, EIDC_ERR_LIMIT, "eid_cache.json: does not fit in memory");
    return true;
}
