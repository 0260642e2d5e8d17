#include "eidcache.h"

#include <stdio.h>

#include "eidcached/base/mem.h"
#include "eidcached/core/image.h"

_Static_assert(EIDCACHE_MESSAGE >= EIDC_ERR_TEXT_MAX, "every error text fits");
_Static_assert(EIDCACHE_EID_MAX > EIDC_EID_TEXT_MAX, "every EID fits with its NUL");

struct eidcache {
    struct eidc_image *image;
};

static enum eidcache_result fail(const struct eidc_err *err, char *message)
{
    if (message != NULL)
        snprintf(message, EIDCACHE_MESSAGE, "%s", err->text);
    return EIDCACHE_ERROR;
}

enum eidcache_result eidcache_open(const char *path, eidcache **out, char message[EIDCACHE_MESSAGE])
{
    struct eidc_image *image;
    struct eidc_err err;
    if (!eidc_image_map_file(path, &image, &err))
        return fail(&err, message);
    eidcache *cache = malloc(sizeof *cache); /* a library does not end its process */
    if (cache == NULL) {
        eidc_image_free(image);
        eidc_fail(&err, EIDC_ERR_NOMEM, "%s: out of memory", path);
        return fail(&err, message);
    }
    cache->image = image;
    *out = cache;
    return EIDCACHE_OK;
}

void eidcache_close(eidcache *cache)
{
    if (cache == NULL)
        return;
    eidc_image_free(cache->image);
    free(cache);
}

/* Where the first value of a look-up goes. */
struct copy {
    char *out;
    size_t size;
    size_t *length;
    enum eidcache_result result;
};

static int copy_first(void *arg, const char *text, size_t length)
{
    struct copy *copy = arg;
    if (copy->length != NULL)
        *copy->length = length;
    copy->result = length < copy->size ? EIDCACHE_OK : EIDCACHE_TOO_SMALL;
    if (copy->result == EIDCACHE_OK) {
        memcpy(copy->out, text, length);
        copy->out[length] = '\0';
    }
    return 1;
}

enum eidcache_result eidcache_forward_all(const eidcache *cache, const char *name,
                                          size_t name_length, eidcache_each *each, void *arg)
{
    struct eidc_hits hits;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    if (!eidc_image_forward(cache->image, (struct eidc_str){name, name_length}, &hits))
        return EIDCACHE_MISS;
    while (eidc_hits_next(&hits, &record)) {
        if (each(arg, text, eidc_record_print_eid(cache->image, &record, text)) != 0)
            break;
    }
    return EIDCACHE_OK;
}

enum eidcache_result eidcache_reverse_all(const eidcache *cache, const char *eid, size_t eid_length,
                                          eidcache_each *each, void *arg)
{
    struct eidc_hits hits;
    struct eidc_record record;
    if (!eidc_image_reverse(cache->image, (struct eidc_str){eid, eid_length}, &hits))
        return EIDCACHE_MISS;
    while (eidc_hits_next(&hits, &record)) {
        if (each(arg, record.name.p, record.name.n) != 0)
            break;
    }
    return EIDCACHE_OK;
}

enum eidcache_result eidcache_forward(const eidcache *cache, const char *name, size_t name_length,
                                      char *out, size_t out_size, size_t *out_length)
{
    struct copy copy = {out, out_size, out_length, EIDCACHE_MISS};
    eidcache_forward_all(cache, name, name_length, copy_first, &copy);
    return copy.result;
}

enum eidcache_result eidcache_reverse(const eidcache *cache, const char *eid, size_t eid_length,
                                      char *out, size_t out_size, size_t *out_length)
{
    struct copy copy = {out, out_size, out_length, EIDCACHE_MISS};
    eidcache_reverse_all(cache, eid, eid_length, copy_first, &copy);
    return copy.result;
}

void eidcache_info(const eidcache *cache, struct eidcache_info *out)
{
    const struct eidc_image_info *info = eidc_image_info(cache->image);
    *out = (struct eidcache_info){.number = info->number,
                                  .names = info->names,
                                  .entries = info->entries,
                                  .bytes = eidc_image_block(cache->image).n,
                                  .created_at_ms = info->created_at_ms};
    memcpy(out->id, info->id, sizeof out->id);
}

enum eidcache_result eidcache_verify(const eidcache *cache, char message[EIDCACHE_MESSAGE])
{
    struct eidc_err err;
    if (eidc_image_verify(cache->image, (struct eidc_str){0}, &err))
        return EIDCACHE_OK;
    return fail(&err, message);
}
