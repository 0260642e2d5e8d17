/* A configuration of any bytes gives problems or a configuration that is written and read back as
 * the same. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eidcached/config/config.h"
#include "tests/fuzz/fuzz.h"

static struct eidc_config *load(const void *data, size_t size,
                                struct eidc_config_problems *problems)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    char path[32];
    struct eidc_config *config = NULL;
    fuzz_must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool good = eidc_config_load(path, &config, problems);
    fuzz_must(good == (problems->count == 0) && good == (config != NULL));
    close(fd);
    return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eidc_config_problems problems = {0};
    struct eidc_config *first = load(data, size, &problems);
    if (first != NULL) {
        EIDC_BUF_AUTO written = {0};
        EIDC_BUF_AUTO again = {0};
        eidc_config_write(first, &written);
        struct eidc_config *second = load(written.p, written.n, &problems);
        fuzz_must(second != NULL);
        eidc_config_write(second, &again);
        fuzz_must(eidc_str_eq(eidc_buf_view(&written), eidc_buf_view(&again)));
        eidc_config_free(second);
    }
    eidc_config_free(first);
    eidc_config_problems_free(&problems);
    return 0;
}
