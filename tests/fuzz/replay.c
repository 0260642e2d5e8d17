/* A fuzz target without a fuzzer: replay FILE... gives it each file, once as it is and once cut in
 * half. */
#include <stdio.h>

#include "eidcached/base/file.h"
#include "tests/fuzz/fuzz.h"

#define SEED_MAX ((size_t)1 << 20)

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        EIDC_BUF_AUTO seed = {0};
        struct eidc_err err;
        if (!eidc_file_read(argv[i], SEED_MAX, &seed, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        struct eidc_str text = eidc_buf_view(&seed);
        LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
        LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n / 2);
    }
    return argc > 1 ? 0 : 1;
}
