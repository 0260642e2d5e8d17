/* Header values that say what is wanted. Quality values compare: what is listed twice is preferred
 * no less. What stands at an end of a list counts, whatever else is in it, and case does not. */
#include "eidcached/http/access.h"
#include "eidcached/http/negotiate.h"
#include "tests/fuzz/fuzz.h"

#define ETAG "\"0123456789abcdef\""

static char swapped(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? (char)(c ^ 0x20) : c;
}

static void check_case(struct eidc_str text)
{
    EIDC_BUF_AUTO other = {0};
    for (size_t i = 0; i < text.n; i++)
        eidc_buf_add_byte(&other, swapped(text.p[i]));
    const struct eidc_str as_other = text.n > 0 ? eidc_buf_view(&other) : text;
    fuzz_must(eidc_accepts_gzip(text) == eidc_accepts_gzip(as_other));
    fuzz_must(eidc_content_media(text) == eidc_content_media(as_other));
    fuzz_must(eidc_prefers_html(text) == eidc_prefers_html(as_other));
}

/* text has no quote that would hide what is put beside it. */
static void check_lists(struct eidc_str text)
{
    EIDC_BUF_AUTO tags = {0};
    EIDC_BUF_AUTO ages = {0};
    EIDC_BUF_AUTO codings = {0};
    uint64_t seconds = 0;
    eidc_buf_add_str(&tags, text);
    eidc_buf_add_z(&tags, ", W/" ETAG);
    fuzz_must(eidc_none_match(eidc_buf_view(&tags), EIDC_STR(ETAG)));
    eidc_buf_add_z(&ages, "max-age=5,");
    eidc_buf_add_str(&ages, text);
    fuzz_must(eidc_max_age(eidc_buf_view(&ages), &seconds) && seconds == 5);
    eidc_buf_add_str(&codings, text);
    eidc_buf_add_z(&codings, ",gzip");
    fuzz_must(eidc_accepts_gzip(eidc_buf_view(&codings)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EIDC_BUF_AUTO twice = {0};
    const struct eidc_str text = {(const char *)data, size};
    struct eidc_str part;
    uint64_t seconds;
    const enum eidc_media json = eidc_accept(text, EIDC_MEDIA_JSON);
    const enum eidc_media plain = eidc_accept(text, EIDC_MEDIA_TEXT);
    /* what it prefers does not hang on what we would take otherwise */
    fuzz_must(json == plain || (json == EIDC_MEDIA_JSON && plain == EIDC_MEDIA_TEXT));
    if (size > 0 && memchr(data, '"', size) == NULL) {
        eidc_buf_addf(&twice, "%.*s,%.*s", EIDC_STR_ARG(text), EIDC_STR_ARG(text));
        if (memchr(data, '\0', size) == NULL)
            fuzz_must(eidc_accept(eidc_buf_view(&twice), EIDC_MEDIA_JSON) == json);
    }
    eidc_max_age(text, &seconds);
    check_case(text);
    if (size > 0 && memchr(data, '"', size) == NULL)
        check_lists(text);
    fuzz_must(!eidc_none_match(text, EIDC_STR("")));
    if (eidc_access_host_name(text, &part))
        fuzz_must(part.p == text.p && part.n > 0 && part.n <= text.n);
    if (eidc_access_bearer(text, &part))
        fuzz_must(part.n > 0 && part.p + part.n <= text.p + text.n);
    return 0;
}
