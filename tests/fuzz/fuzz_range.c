/* Range and If-Range: what comes out is inside of what there is. */
#include "eidcached/http/range.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t sizes[] = {1, 1000, UINT64_MAX};
    const struct eidc_str text = {(const char *)data, size};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t from, n;
        if (eidc_range_read(text, sizes[i], &from, &n) == EIDC_RANGE_PART)
            fuzz_must(n > 0 && from < sizes[i] && n <= sizes[i] - from);
    }
    (void)eidc_if_range(text, EIDC_STR("\"0123456789abcdef\""));
    return 0;
}
