/* A query of a request; what decodes encodes and decodes to the same. */
#include "eidcached/base/encode.h"
#include "eidcached/http/query.h"
#include "tests/fuzz/fuzz.h"

static void decode(struct eidc_str raw)
{
    EIDC_BUF_AUTO once = {0};
    EIDC_BUF_AUTO encoded = {0};
    EIDC_BUF_AUTO twice = {0};
    EIDC_BUF_AUTO value = {0};
    int64_t ms;
    eidc_query_duration(raw, &ms);
    bool bad = eidc_query_decode(raw, &once) != NULL;
    bool bad_value = eidc_query_decode_value(raw, &value) != NULL;
    fuzz_must(bad_value == bad && (bad || value.n == once.n)); /* only a plus differs */
    if (bad)
        return;
    eidc_percent_encode(&encoded, eidc_buf_view(&once), "");
    fuzz_must(eidc_query_decode(eidc_buf_view(&encoded), &twice) == NULL);
    fuzz_must(eidc_str_eq(eidc_buf_view(&once), eidc_buf_view(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct eidc_str query = {(const char *)data, size};
    struct eidc_param param;
    bool yes;
    for (size_t at = 0; eidc_query_next(query, &at, &param);) {
        fuzz_must(at <= size + 1);
        decode(param.name);
        decode(param.value);
        eidc_query_bool(&param, &yes);
    }
    eidc_query_find(query, "wait", &param);
    decode(query);
    return 0;
}
