/* What is in an image, and what is in one but not in another. */
#include "eidcached/core/eid_cache.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/entry.h"
#include "eidcached/ctl/image_file.h"

#define BLOCK_BYTES (64ul * 1024)

/* Entries from `after` on that start with the prefix. The limit is of names, so that the last one
 * shown is the --after of the next page. */
static void list(const struct eidc_ctl *ctl, const struct eidc_image *image)
{
    const struct eidc_str prefix = eidc_str_of(ctl->options.prefix);
    const struct eidc_str after = eidc_str_of(ctl->options.after);
    struct eidc_cursor at =
        eidc_image_seek(image, eidc_str_cmp(after, prefix) > 0 ? after : prefix);
    struct eidc_record record;
    struct eidc_str last = {0};
    uint64_t names = 0;
    while (eidc_cursor_next(&at, &record) && eidc_str_starts(record.name, prefix)) {
        if (ctl->options.after != NULL && eidc_str_eq(record.name, after))
            continue;
        if (!eidc_str_eq(record.name, last) && names++ == ctl->options.limit)
            break;
        last = record.name;
        eidc_ctl_entry_put(ctl, image, &record);
        if (ferror(ctl->io->out))
            break;
    }
}

int eidc_ctl_image_list(struct eidc_ctl *ctl)
{
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    if (!eidc_ctl_image_open(ctl, "image list", ctl->args[0], &image))
        return EIDC_CTL_FAILED;
    list(ctl, image);
    return EIDC_CTL_OK;
}

static bool put_change(void *arg, enum eidc_change change, const struct eidc_image *of,
                       const struct eidc_record *record)
{
    const struct eidc_ctl *ctl = arg;
    eidc_ctl_change_put(ctl, change, of, record);
    return !ferror(ctl->io->out);
}

int eidc_ctl_image_diff(struct eidc_ctl *ctl)
{
    EIDC_CTL_IMAGE_AUTO *before = NULL;
    EIDC_CTL_IMAGE_AUTO *after = NULL;
    if (!eidc_ctl_image_open(ctl, "image diff", ctl->args[0], &before) ||
        !eidc_ctl_image_open(ctl, "image diff", ctl->args[1], &after))
        return EIDC_CTL_FAILED;
    eidc_diff(before, after, put_change, ctl, NULL);
    return EIDC_CTL_OK;
}

static int export_eid_cache(const struct eidc_ctl *ctl, const struct eidc_image *image)
{
    struct eidc_eid_cache doc = {.image = image};
    EIDC_BUF_AUTO block = {0};
    struct eidc_err err;
    bool more = true;
    while (more && !ferror(ctl->io->out)) {
        more = eidc_eid_cache_write_some(&doc, BLOCK_BYTES, &block);
        if (block.failed) {
            eidc_fail(&err, EIDC_ERR_NOMEM, "out of memory");
            return eidc_ctl_failed(ctl, "image export", &err, NULL);
        }
        fwrite(block.p, 1, block.n, ctl->io->out);
        eidc_buf_clear(&block);
    }
    return EIDC_CTL_OK;
}

int eidc_ctl_image_export(struct eidc_ctl *ctl)
{
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    if (!eidc_ctl_image_open(ctl, "image export", ctl->args[0], &image))
        return EIDC_CTL_FAILED;
    if (!ctl->options.tsv)
        return export_eid_cache(ctl, image);
    list(ctl, image); /* a list of everything */
    return EIDC_CTL_OK;
}
