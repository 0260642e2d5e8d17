#pragma once
/* A small image in one call, for tests of what uses images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eidcached/core/image_build.h"
#include "tests/support/default_scheme.h"

struct test_entry {
    const char *name;
    const char *eid;   /* NULL: the checksum */
    const char *scope; /* NULL: no scopes but "s" */
};

static inline struct eidc_image *build_image_of(const struct eidc_eid_scheme *scheme,
                                                uint64_t number, const struct test_entry *entries,
                                                size_t count)
{
    struct eidc_build_options options = {.scheme = *scheme, .keep_collisions = true};
    struct eidc_builder *builder = NULL;
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    if (!eidc_builder_new(&options, &builder, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++) {
        struct eidc_names names = {0};
        const char *scope = entries[i].scope != NULL ? entries[i].scope : "s";
        if (!eidc_names_add(&names, eidc_str_of(entries[i].name), eidc_str_of(entries[i].eid),
                            &err) ||
            !eidc_builder_add(
                builder, eidc_builder_scope(builder, EIDC_STR("test"), eidc_str_of(scope), 1000),
                &names, &err))
            fail_msg("%s", err.text);
    }
    if (!eidc_builder_finish(builder, number, 1795371877120, &image, &err))
        fail_msg("%s", err.text);
    eidc_builder_free(builder);
    return image;
}

static inline struct eidc_image *build_image(uint64_t number, const struct test_entry *entries,
                                             size_t count)
{
    struct eidc_eid_scheme scheme;
    default_scheme(&scheme);
    return build_image_of(&scheme, number, entries, count);
}
