/* The walk over a JSON array of strings takes exactly what the general parser takes for one. */
#include "eidcached/base/json_read.h"
#include "eidcached/base/json_strings.h"
#include "tests/fuzz/fuzz.h"

static bool is_array_of_strings(struct eidc_str text, size_t *count)
{
    EIDC_CJSON_AUTO *doc = NULL;
    struct eidc_err err;
    const cJSON *each;
    *count = 0;
    if (!eidc_json_parse(text, &doc, &err) || !cJSON_IsArray(doc))
        return false;
    cJSON_ArrayForEach(each, doc)
    {
        if (!cJSON_IsString(each))
            return false;
        ++*count;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct eidc_str text = {(const char *)data, size};
    struct eidc_json_strings walk = {.text = text};
    struct eidc_str value;
    struct eidc_err err;
    size_t walked = 0, parsed;
    enum eidc_json_step step;
    while ((step = eidc_json_strings_next(&walk, &value, &err)) == EIDC_JSON_STRING)
        walked++;
    eidc_json_strings_free(&walk);
    if (is_array_of_strings(text, &parsed))
        fuzz_must(step == EIDC_JSON_END && walked == parsed);
    return 0;
}
