/* An answer of S3. */
#include <string.h>

#include "eidcached/aws/xml.h"
#include "tests/fuzz/fuzz.h"

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    size_t *bytes = arg;
    (void)err;
    *bytes += strlen(path) + text.n;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t bytes = 0;
    struct eidc_err err;
    eidc_xml_parse((struct eidc_str){(const char *)data, size}, on_element, &bytes, &err);
    return 0;
}
