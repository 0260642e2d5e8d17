#include "eidcached/ctl/entry.h"

#include "eidcached/base/json.h"

static const struct {
    char sign;
    const char *word;
} changes[] = {[EIDC_ADDED] = {'+', "added"}, [EIDC_REMOVED] = {'-', "removed"}};

static void put_json(const struct eidc_ctl *ctl, const char *change, struct eidc_str name,
                     struct eidc_str eid)
{
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    if (change != NULL)
        eidc_json_put_z(&j, "change", change);
    eidc_json_put_str(&j, "name", name);
    eidc_json_put_str(&j, "eid", eid);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&out, '\n');
    fwrite(out.p, 1, out.n, ctl->io->out);
}

static void put_text(const struct eidc_ctl *ctl, struct eidc_str name, struct eidc_str eid)
{
    eidc_ctl_put(ctl, name);
    fputc('\t', ctl->io->out);
    eidc_ctl_put(ctl, eid);
    fputc('\n', ctl->io->out);
}

void eidc_ctl_pair_put(const struct eidc_ctl *ctl, struct eidc_str name, struct eidc_str eid)
{
    if (ctl->options.json)
        put_json(ctl, NULL, name, eid);
    else
        put_text(ctl, name, eid);
}

void eidc_ctl_changed_pair_put(const struct eidc_ctl *ctl, enum eidc_change change,
                               struct eidc_str name, struct eidc_str eid)
{
    if (ctl->options.json) {
        put_json(ctl, changes[change].word, name, eid);
        return;
    }
    fputc(changes[change].sign, ctl->io->out);
    put_text(ctl, name, eid);
}

void eidc_ctl_entry_put(const struct eidc_ctl *ctl, const struct eidc_image *image,
                        const struct eidc_record *record)
{
    char text[EIDC_EID_TEXT_MAX];
    struct eidc_str eid = eidc_record_eid_text(image, record, text);
    eidc_ctl_pair_put(ctl, record->name, eid);
}

void eidc_ctl_change_put(const struct eidc_ctl *ctl, enum eidc_change change,
                         const struct eidc_image *image, const struct eidc_record *record)
{
    char text[EIDC_EID_TEXT_MAX];
    struct eidc_str eid = eidc_record_eid_text(image, record, text);
    eidc_ctl_changed_pair_put(ctl, change, record->name, eid);
}
