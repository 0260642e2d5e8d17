/* The body or the query of a batch: what is counted is what comes, in groups of any size, and again
 * after a rewind. Lines are cut from the text itself. */
#include "eidcached/http/keys.h"
#include "tests/fuzz/fuzz.h"

#define MOST 1000

/* All keys, each with a NUL behind it; how many. */
static uint64_t take_all(struct eidc_keys *keys, size_t group, struct eidc_buf *out)
{
    struct eidc_str some[8];
    struct eidc_err err;
    uint64_t count = 0;
    size_t n;
    do {
        fuzz_must(eidc_keys_next(keys, some, group, &n, &err));
        fuzz_must(n <= group);
        for (size_t i = 0; i < n; i++) {
            eidc_buf_add_str(out, some[i]);
            eidc_buf_add_byte(out, '\0');
        }
        count += n;
    } while (n > 0);
    return count;
}

static uint64_t lines_of(struct eidc_str text)
{
    uint64_t lines = text.n > 0 && text.p[text.n - 1] != '\n';
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    return lines;
}

static void check_form(enum eidc_keys_form form, struct eidc_str text)
{
    EIDC_BUF_AUTO singly = {0};
    EIDC_BUF_AUTO grouped = {0};
    struct eidc_keys keys = {.form = form, .parameter = "name"};
    struct eidc_err err;
    eidc_buf_add_str(&keys.text, text);
    if (eidc_keys_check(&keys, MOST, &err)) {
        fuzz_must(keys.count <= MOST);
        fuzz_must(take_all(&keys, 1, &singly) == keys.count);
        eidc_keys_rewind(&keys);
        fuzz_must(take_all(&keys, 8, &grouped) == keys.count);
        fuzz_must(eidc_str_eq(eidc_buf_view(&singly), eidc_buf_view(&grouped)));
        if (form == EIDC_KEYS_LINES)
            fuzz_must(keys.count == lines_of(text));
    } else {
        fuzz_must(err.kind == EIDC_ERR_INVALID || err.kind == EIDC_ERR_LIMIT);
    }
    eidc_keys_free(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct eidc_str text = {(const char *)data, size};
    check_form(EIDC_KEYS_JSON, text);
    check_form(EIDC_KEYS_LINES, text);
    check_form(EIDC_KEYS_QUERY, text);
    return 0;
}
