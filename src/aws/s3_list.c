/* ListObjectsV2. Keys come percent-encoded on request, since XML cannot hold every byte. */
#include "eidcached/aws/s3.h"

#include "eidcached/aws/s3_request.h"
#include "eidcached/aws/xml.h"
#include "eidcached/base/encode.h"

#define PAGE_MAX ((size_t)16 * 1024 * 1024) /* 1,000 keys of 1,024 bytes, encoded, and the rest */

/* A page's keys as they stood in the XML, each with a NUL behind it: XML has no NUL. */
struct page {
    struct eidc_buf keys, sizes /* uint64_t */, token;
    struct eidc_buf key; /* of the object that is being read */
    uint64_t size;
    bool encoded, truncated, is_listing;
};

static void add_object(struct page *page)
{
    if (page->key.n > 0) {
        eidc_buf_add_str(&page->keys, eidc_buf_view(&page->key));
        eidc_buf_add_byte(&page->keys, 0);
        eidc_buf_add(&page->sizes, &page->size, sizeof(page->size));
    }
    eidc_buf_clear(&page->key);
    page->size = UINT64_MAX;
}

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    struct page *page = arg;
    if (strcmp(path, "ListBucketResult/Contents/Key") == 0) {
        eidc_buf_clear(&page->key);
        eidc_buf_add_str(&page->key, text);
    } else if (strcmp(path, "ListBucketResult/Contents/Size") == 0) {
        if (!eidc_str_u64(text, UINT64_MAX, &page->size))
            page->size = UINT64_MAX;
    } else if (strcmp(path, "ListBucketResult/Contents") == 0) {
        add_object(page);
    } else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
        eidc_buf_add_str(&page->token, text);
    } else if (strcmp(path, "ListBucketResult/EncodingType") == 0) {
        page->encoded = eidc_str_eq(text, EIDC_STR("url"));
    } else if (strcmp(path, "ListBucketResult/IsTruncated") == 0) {
        page->truncated = eidc_str_eq(text, EIDC_STR("true"));
    } else if (strcmp(path, "ListBucketResult") == 0) {
        page->is_listing = true;
    }
    if (page->keys.failed || page->sizes.failed || page->key.failed || page->token.failed)
        return eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
    return true;
}

static void page_clear(struct page *page)
{
    eidc_buf_clear(&page->keys);
    eidc_buf_clear(&page->sizes);
    eidc_buf_clear(&page->token);
    eidc_buf_clear(&page->key);
    page->size = UINT64_MAX;
    page->encoded = page->truncated = page->is_listing = false;
}

static bool take_page(void *arg, struct eidc_str body, struct eidc_err *err)
{
    struct page *page = arg;
    page_clear(page);
    if (!eidc_xml_parse(body, on_element, page, err))
        return false;
    if (!page->is_listing)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "not a ListBucketResult");
    if (page->truncated && page->token.n == 0)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "IsTruncated without NextContinuationToken");
    return true;
}

/* encoding-type=url writes a blank as '+' and a plus as %2B. */
static bool decode(struct eidc_str text, struct eidc_buf *out, struct eidc_err *err)
{
    EIDC_BUF_AUTO blanks = {0};
    eidc_buf_add_str(&blanks, text);
    for (size_t i = 0; i < blanks.n; i++) {
        if (blanks.p[i] == '+')
            blanks.p[i] = ' ';
    }
    eidc_buf_clear(out);
    if (!eidc_percent_decode(out, eidc_buf_view(&blanks)))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "a listed key is not well encoded");
    return true;
}

static bool walk(const struct page *page, eidc_s3_key *each, void *arg, struct eidc_err *err)
{
    EIDC_BUF_AUTO decoded = {0};
    const char *sizes = page->sizes.p;
    for (size_t at = 0; at < page->keys.n; sizes += sizeof(uint64_t)) {
        struct eidc_str key = eidc_str_of(page->keys.p + at);
        uint64_t size;
        memcpy(&size, sizes, sizeof(size));
        at += key.n + 1;
        if (page->encoded) {
            if (!decode(key, &decoded, err))
                return false;
            key = eidc_buf_view(&decoded);
        }
        if (!each(arg, key, size, err))
            return false;
    }
    return true;
}

static bool get_page(const struct eidc_s3 *s3, const char *prefix, struct eidc_str token,
                     struct page *page, struct eidc_err *err)
{
    const struct eidc_sigv4_param params[] = {
        {EIDC_STR("list-type"), EIDC_STR("2")},
        {EIDC_STR("encoding-type"), EIDC_STR("url")},
        {EIDC_STR("prefix"), eidc_str_of(prefix)},
        {EIDC_STR("continuation-token"), token},
    };
    struct eidc_s3_request request = {.operation = "ListObjectsV2",
                                      .method = "GET",
                                      .params = params,
                                      .param_count = token.n ? 4 : 3,
                                      .max_response = PAGE_MAX,
                                      .take = take_page,
                                      .take_arg = page};
    struct eidc_aws_response response;
    bool ok = eidc_s3_perform(s3, &request, &response, err);
    eidc_aws_response_free(&response);
    return ok;
}

static bool list_pages(const struct eidc_s3 *s3, const char *prefix, struct page *page,
                       struct eidc_buf *token, eidc_s3_key *each, void *arg, struct eidc_err *err)
{
    for (unsigned pages = 1;; pages++) {
        if (!get_page(s3, prefix, eidc_buf_view(token), page, err))
            return false;
        if (page->truncated && eidc_str_eq(eidc_buf_view(&page->token), eidc_buf_view(token)))
            return eidc_fail(err, EIDC_ERR_CORRUPT, "s3://%s: a continuation token came twice",
                             s3->bucket);
        if (!walk(page, each, arg, err))
            return false;
        if (!page->truncated)
            return true;
        if (pages == EIDC_S3_LIST_PAGES)
            return eidc_fail(err, EIDC_ERR_CORRUPT,
                             "s3://%s/%s: its list has no end after %d pages", s3->bucket, prefix,
                             EIDC_S3_LIST_PAGES);
        eidc_buf_clear(token);
        eidc_buf_add_str(token, eidc_buf_view(&page->token));
    }
}

bool eidc_s3_list(const struct eidc_s3 *s3, const char *prefix, eidc_s3_key *each, void *arg,
                  struct eidc_err *err)
{
    struct page page = {0};
    EIDC_BUF_AUTO token = {0};
    bool ok = list_pages(s3, prefix, &page, &token, each, arg, err);
    eidc_buf_free(&page.keys);
    eidc_buf_free(&page.sizes);
    eidc_buf_free(&page.key);
    eidc_buf_free(&page.token);
    return ok;
}
