#pragma once
/* Small images for tests: what is built is asserted, so that a test reads as what it is about. */
#include "eidcached/core/current.h"
#include "eidcached/core/image_build.h"

/* sha256/128 hex, collisions fail */
struct eidc_build_options test_build_options(void);

/* One scope of one source with names; list[i] == NULL ends it. "prefix*1000" stands for prefix0000
 * to prefix0999. */
struct test_scope {
    const char *source, *scope;
    int64_t as_of_ms;
    const char *const *names;
};
#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
struct eidc_image *test_image(uint64_t number, const struct test_scope *scopes, size_t n);
/* Built at that time; test_image: in November 2023. */
struct eidc_image *test_image_at(int64_t created_at_ms, uint64_t number,
                                 const struct test_scope *scopes, size_t n);
struct eidc_generation *test_generation(uint64_t number, const struct test_scope *scopes, size_t n);

/* Fills names as above. */
void test_names(struct eidc_names *names, const char *const *list);
bool test_has(const struct eidc_image *image, const char *name);
