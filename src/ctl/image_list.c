/* What is in an image, and what is in one but not in another. */
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/entry.h"
#include "eidcached/ctl/image_file.h"

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
    if (!eidc_ctl_image_open_whole(ctl, "image list", ctl->args[0], &image))
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
    if (!eidc_ctl_image_open_whole(ctl, "image diff", ctl->args[0], &before) ||
        !eidc_ctl_image_open_whole(ctl, "image diff", ctl->args[1], &after))
        return EIDC_CTL_FAILED;
    eidc_diff(before, after, put_change, ctl, NULL);
    return EIDC_CTL_OK;
}
