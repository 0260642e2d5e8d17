/* An image as the EidCache document or as lines, to standard output or into a file. */
#include "eidcached/base/file.h"
#include "eidcached/core/eid_cache.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/entry.h"
#include "eidcached/ctl/image_file.h"

#define BLOCK_BYTES (64ul * 1024)

struct lines {
    const struct eidc_image *image;
    struct eidc_cursor at;
};

static bool add_lines(void *arg, struct eidc_buf *piece)
{
    struct lines *lines = arg;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    while (piece->n < BLOCK_BYTES && !piece->failed) {
        if (!eidc_cursor_next(&lines->at, &record))
            return false;
        eidc_buf_add_str(piece, record.name);
        eidc_buf_add_byte(piece, '\t');
        eidc_buf_add_str(piece, eidc_record_eid_text(lines->image, &record, text));
        eidc_buf_add_byte(piece, '\n');
    }
    return true;
}

static bool add_document(void *arg, struct eidc_buf *piece)
{
    return eidc_eid_cache_write_some(arg, BLOCK_BYTES, piece);
}

static int put_document(const struct eidc_ctl *ctl, struct eidc_eid_cache *doc)
{
    EIDC_BUF_AUTO block = {0};
    struct eidc_err err;
    bool more = true;
    while (more && !ferror(ctl->io->out)) {
        more = add_document(doc, &block);
        if (block.failed) {
            eidc_fail(&err, EIDC_ERR_NOMEM, "out of memory");
            return eidc_ctl_failed(ctl, "image export", &err, NULL);
        }
        fwrite(block.p, 1, block.n, ctl->io->out);
        eidc_buf_clear(&block);
    }
    return EIDC_CTL_OK;
}

static int put_lines(const struct eidc_ctl *ctl, struct lines *lines)
{
    struct eidc_record record;
    while (eidc_cursor_next(&lines->at, &record) && !ferror(ctl->io->out))
        eidc_ctl_entry_put(ctl, lines->image, &record);
    return EIDC_CTL_OK;
}

int eidc_ctl_image_export(struct eidc_ctl *ctl)
{
    const bool tsv = ctl->options.tsv;
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    struct eidc_err err;
    if (!eidc_ctl_image_open_whole(ctl, "image export", ctl->args[0], &image))
        return EIDC_CTL_FAILED;
    struct eidc_eid_cache doc = {.image = image};
    struct lines lines = {image, eidc_image_seek(image, EIDC_STR(""))};
    if (ctl->options.output == NULL)
        return tsv ? put_lines(ctl, &lines) : put_document(ctl, &doc);
    if (!eidc_file_write_pieces(ctl->options.output, tsv ? add_lines : add_document,
                                tsv ? (void *)&lines : (void *)&doc, 0644, &err))
        return eidc_ctl_failed(ctl, "image export", &err, NULL);
    return EIDC_CTL_OK;
}
