#include "tests/support/images.h"
#include "tests/support/default_scheme.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eidc_build_options test_build_options(void)
{
    struct eidc_build_options options = {0};

    default_scheme(&options.scheme);
    return options;
}

static void add(struct eidc_names *names, const char *name)
{
    struct eidc_err err = {0};
    bool ok = eidc_names_add(names, eidc_str_of(name), EIDC_STR(""), &err);

    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    assert(ok);
}

void test_names(struct eidc_names *names, const char *const *list)
{
    for (; *list != NULL; list++) {
        const char *star = strchr(*list, '*');
        if (star == NULL) {
            add(names, *list);
            continue;
        }
        for (long i = 0; i < strtol(star + 1, NULL, 10); i++) {
            char name[128];
            snprintf(name, sizeof name, "%.*s%04ld", (int)(star - *list), *list, i);
            add(names, name);
        }
    }
}

struct eidc_image *test_image_at(int64_t created_at_ms, uint64_t number,
                                 const struct test_scope *scopes, size_t n)
{
    const struct eidc_build_options options = test_build_options();
    struct eidc_builder *builder = NULL;
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    bool ok = eidc_builder_new(&options, &builder, &err);

    for (size_t i = 0; ok && i < n; i++) {
        struct eidc_names names = {0};
        uint32_t scope = eidc_builder_scope(builder, eidc_str_of(scopes[i].source),
                                            eidc_str_of(scopes[i].scope), scopes[i].as_of_ms);
        test_names(&names, scopes[i].names);
        ok = eidc_builder_add(builder, scope, &names, &err);
    }
    ok = ok && eidc_builder_finish(builder, number, created_at_ms, &image, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    assert(ok);
    eidc_builder_free(builder);
    return image;
}

struct eidc_image *test_image(uint64_t number, const struct test_scope *scopes, size_t n)
{
    return test_image_at(1700000000000, number, scopes, n);
}

struct eidc_generation *test_generation(uint64_t number, const struct test_scope *scopes, size_t n)
{
    return eidc_generation_new(test_image(number, scopes, n));
}

bool test_has(const struct eidc_image *image, const char *name)
{
    struct eidc_hits hits;

    return eidc_image_forward(image, eidc_str_of(name), &hits);
}
