/* A document of AWS or of a store. */
#include "eidcached/base/json_read.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_err err;
    struct eidc_str text;
    uint64_t number;
    int64_t time;
    if (!eidc_json_parse((struct eidc_str){(const char *)data, size}, &doc, &err))
        return 0;
    fuzz_must(doc != NULL);
    eidc_json_get_str(doc, "a", &text);
    eidc_json_get_u64(doc, "a", &number);
    eidc_json_get_time(doc, "a", &time);
    return 0;
}
