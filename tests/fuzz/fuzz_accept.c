/* Header values that say what is wanted. Quality values compare: what is listed twice is preferred
 * no less. */
#include "eidcached/http/access.h"
#include "eidcached/http/negotiate.h"
#include "tests/fuzz/fuzz.h"

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
    eidc_prefers_html(text);
    eidc_content_media(text);
    eidc_max_age(text, &seconds);
    eidc_none_match(text, EIDC_STR("\"0123456789abcdef\""));
    fuzz_must(!eidc_none_match(text, EIDC_STR("")));
    if (eidc_access_host_name(text, &part))
        fuzz_must(part.p == text.p && part.n > 0 && part.n <= text.n);
    if (eidc_access_bearer(text, &part))
        fuzz_must(part.n > 0 && part.p + part.n <= text.p + text.n);
    return 0;
}
