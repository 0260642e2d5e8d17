/*
 * docs/image-format.md is right to the byte: its worked example, read from the document, is the
 * image that the builder makes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "eidcached/base/file.h"
#include "tests/support/build_image.h"

#define DOCUMENT (EIDC_TEST_SOURCE_DIR "/docs/image-format.md")
#define ROOM     4096

static void add(struct eidc_builder *builder, const char *source, const char *scope, int64_t as_of,
                const char *name, const char *eid)
{
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    assert_true(eidc_names_add(&names, eidc_str_of(name), eidc_str_of(eid), &err));
    assert_true(eidc_builder_add(
        builder, eidc_builder_scope(builder, eidc_str_of(source), eidc_str_of(scope), as_of),
        &names, &err));
}

/* What the document says went into it. */
static struct eidc_image *build_example(void)
{
    struct eidc_build_options options = {0};
    struct eidc_builder *builder;
    struct eidc_image *image;
    struct eidc_err err = {0};
    default_scheme(&options.scheme);
    assert_true(eidc_builder_new(&options, &builder, &err));
    add(builder, "keys", "eu", 1700000000000, "alias/b", "key-1");
    add(builder, "keys", "eu", 1700000000000, "alias/a", "key-1");
    add(builder, "glue", "us", 1700000002000, "sales", NULL);
    add(builder, "glue", "eu", 1700000001000, "sales", NULL);
    if (!eidc_builder_finish(builder, 42, 1700000003000, &image, &err))
        fail_msg("%s", err.text);
    eidc_builder_free(builder);
    return image;
}

/* A line of a dump: an offset, then bytes, all in hex, up to two spaces and a remark. */
static size_t read_line(const char *line, uint8_t *bytes)
{
    char *p;
    size_t at = strtoul(line, &p, 16);
    while (p[0] == ' ' && isxdigit(p[1]) && isxdigit(p[2])) {
        assert_true(at < ROOM);
        bytes[at++] = (uint8_t)strtoul(p, &p, 16);
    }
    return at;
}

/* All blocks marked as dumps, one image; what they leave out is 0. Returns its size. */
static size_t read_dumps(const struct eidc_buf *document, uint8_t *bytes)
{
    static const char fence[] = "```", mark[] = "```dump\n";
    size_t end = 0;
    const char *block = strstr(document->p, mark);
    assert_non_null(block);
    for (; block != NULL; block = strstr(block, mark)) {
        block += sizeof mark - 1;
        while (strncmp(block, fence, sizeof fence - 1) != 0) {
            end = read_line(block, bytes);
            block = strchr(block, '\n') + 1;
        }
    }
    return end;
}

static void the_worked_example_is_what_the_builder_makes(void **state)
{
    (void)state;
    EIDC_BUF_AUTO document = {0};
    struct eidc_err err;
    uint8_t said[ROOM] = {0};
    assert_true(eidc_file_read(DOCUMENT, 1 << 20, &document, &err));
    struct eidc_image *image = build_example();
    struct eidc_str made = eidc_image_block(image);
    assert_int_equal(read_dumps(&document, said), made.n);
    for (size_t i = 0; i < made.n; i++)
        if (said[i] != (uint8_t)made.p[i])
            fail_msg("byte %zx is %02x, the document says %02x", i, (uint8_t)made.p[i], said[i]);
    if (!eidc_image_verify(image, (struct eidc_str){0}, &err))
        fail_msg("%s", err.text);
    eidc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_is_what_the_builder_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
