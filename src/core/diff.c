/*
 * Both images are in order of names, so that they are merged name by name. Within a name there is
 * at most one checksum EID, whose place among the field EIDs depends on the scheme's encoding, so
 * a name's EIDs are walked in order of their printed text: the field EIDs as they come, the
 * checksum EID where it belongs.
 */
#include "eidcached/core/diff.h"

struct printed {
    size_t n;
    char text[EIDC_EID_TEXT_MAX];
};

/* One image, standing at the first record of a name. */
struct side {
    const struct eidc_image *image;
    struct eidc_cursor at; /* behind `first` */
    struct eidc_record first;
    bool any;
};

/* The EIDs of one name in order of their text. */
struct eids {
    const struct eidc_image *image;
    struct eidc_cursor at; /* behind `field` */
    struct eidc_str name;
    struct eidc_record checksum, field, now; /* `now` is what the walk stands at */
    bool any_checksum, any_field, any;
    struct printed checksum_text, now_text;
};

struct diff {
    eidc_diff_fn *fn;
    void *arg;
    struct eidc_diff_counts counts;
    bool same_scheme, stopped;
};

static void print(const struct eidc_image *image, const struct eidc_record *record,
                  struct printed *out)
{
    out->n = eidc_record_print_eid(image, record, out->text);
}

static struct eidc_str text_of(const struct printed *p)
{
    return (struct eidc_str){p->text, p->n};
}

static void side_start(struct side *s, const struct eidc_image *image)
{
    *s = (struct side){.image = image};
    if (image == NULL)
        return;
    s->at = eidc_image_begin(image);
    s->any = eidc_cursor_next(&s->at, &s->first);
}

static void side_next_name(struct side *s)
{
    struct eidc_str name = s->first.name;
    do {
        s->any = eidc_cursor_next(&s->at, &s->first);
    } while (s->any && eidc_str_eq(s->first.name, name));
}

static bool side_alone(const struct side *s)
{
    struct eidc_cursor at = s->at;
    struct eidc_record next;
    return !eidc_cursor_next(&at, &next) || !eidc_str_eq(next.name, s->first.name);
}

static void eids_next_field(struct eids *e)
{
    do {
        e->any_field = eidc_cursor_next(&e->at, &e->field) && eidc_str_eq(e->field.name, e->name);
    } while (e->any_field && !e->field.eid_is_text);
}

static void eids_next(struct eids *e)
{
    bool checksum = e->any_checksum &&
                    (!e->any_field || eidc_str_cmp(text_of(&e->checksum_text), e->field.eid) < 0);
    e->any = checksum || e->any_field;
    if (checksum) {
        e->now = e->checksum;
        e->now_text = e->checksum_text;
        e->any_checksum = false;
    } else if (e->any_field) {
        e->now = e->field;
        print(e->image, &e->now, &e->now_text);
        eids_next_field(e);
    }
}

static void eids_start(struct eids *e, const struct side *s)
{
    struct eidc_cursor at = s->at;
    struct eidc_record record = s->first;
    *e = (struct eids){.image = s->image, .at = s->at, .name = s->first.name};
    do {
        if (!record.eid_is_text) {
            e->checksum = record;
            e->any_checksum = true;
            print(s->image, &record, &e->checksum_text);
        }
    } while (!e->any_checksum && eidc_cursor_next(&at, &record) &&
             eidc_str_eq(record.name, e->name));
    e->field = s->first;
    e->any_field = true;
    if (!e->field.eid_is_text)
        eids_next_field(e);
    eids_next(e);
}

static void report(struct diff *d, enum eidc_change change, const struct eids *e)
{
    uint64_t *count = change == EIDC_ADDED ? &d->counts.added : &d->counts.removed;
    ++*count;
    if (d->fn != NULL && !d->fn(d->arg, change, e->image, &e->now))
        d->stopped = true;
}

static void report_name(struct diff *d, enum eidc_change change, const struct side *s)
{
    struct eids e;
    for (eids_start(&e, s); e.any && !d->stopped; eids_next(&e))
        report(d, change, &e);
}

static void merge_eids(struct diff *d, const struct side *before, const struct side *after)
{
    struct eids b, a;
    eids_start(&b, before);
    eids_start(&a, after);
    while ((b.any || a.any) && !d->stopped) {
        int order = !b.any   ? 1
                    : !a.any ? -1
                             : eidc_str_cmp(text_of(&b.now_text), text_of(&a.now_text));
        if (order < 0)
            report(d, EIDC_REMOVED, &b);
        else if (order > 0)
            report(d, EIDC_ADDED, &a);
        if (order <= 0)
            eids_next(&b);
        if (order >= 0)
            eids_next(&a);
    }
}

/* Nearly every name of two images: one EID, and the same. */
static bool same_at_a_glance(const struct diff *d, const struct side *b, const struct side *a)
{
    return d->same_scheme && b->first.eid_is_text == a->first.eid_is_text &&
           eidc_str_eq(b->first.eid, a->first.eid) && side_alone(b) && side_alone(a);
}

static void merge_names(struct diff *d, struct side *b, struct side *a)
{
    while ((b->any || a->any) && !d->stopped) {
        int order = !b->any ? 1 : !a->any ? -1 : eidc_str_cmp(b->first.name, a->first.name);
        if (order < 0)
            report_name(d, EIDC_REMOVED, b);
        else if (order > 0)
            report_name(d, EIDC_ADDED, a);
        else if (!same_at_a_glance(d, b, a))
            merge_eids(d, b, a);
        if (order <= 0)
            side_next_name(b);
        if (order >= 0)
            side_next_name(a);
    }
}

void eidc_diff(const struct eidc_image *before, const struct eidc_image *after, eidc_diff_fn *fn,
               void *arg, struct eidc_diff_counts *counts)
{
    struct diff d = {.fn = fn, .arg = arg};
    struct side b, a;
    side_start(&b, before);
    side_start(&a, after);
    d.same_scheme = before != NULL && eidc_eid_scheme_equal(&eidc_image_info(before)->scheme,
                                                            &eidc_image_info(after)->scheme);
    merge_names(&d, &b, &a);
    if (counts != NULL)
        *counts = d.counts;
}
