#pragma once
/* Image files to look up in, made by the tests' own copy of core. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "eidcached/base/file.h"
#include "tests/support/build_image.h"

/* Replaces the file, as a daemon does. */
static inline bool write_image(const char *path, uint64_t number, const struct test_entry *entries,
                               size_t n)
{
    struct eidc_err err;
    struct eidc_image *image = build_image(number, entries, n);
    bool written = eidc_file_write(path, eidc_image_block(image), 0644, &err);
    eidc_image_free(image);
    return written;
}
