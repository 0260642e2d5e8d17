/* Only through the public header, as another program would; the image comes from the tests' own
 * copy of core. */
#include "eidcache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "tests/support/build_image.h"

static char folder[] = "/tmp/test-eidcache-XXXXXX";
static char path[sizeof folder + 16];
static eidcache *cache;

#define SALES "e04eb29020eaa961e99d3162635e9fe9"

static int setup(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"sales", NULL, NULL},      {"alias/b", "key-1", NULL}, {"alias/a", "key-1", NULL},
        {"alias/a", "key-2", NULL}, {"größe", "", NULL},
    };
    char message[EIDCACHE_MESSAGE];
    struct eidc_err err;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.eidc", folder);
    struct eidc_image *image = build_image(42, entries, 5);
    bool written = eidc_file_write(path, eidc_image_block(image), 0644, &err);
    eidc_image_free(image);
    return written && eidcache_open(path, &cache, message) == EIDCACHE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    eidcache_close(cache);
    unlink(path);
    return rmdir(folder);
}

static void both_ways(void **state)
{
    (void)state;
    char eid[EIDCACHE_EID_MAX], name[EIDCACHE_NAME_MAX];
    size_t n = 0;
    assert_int_equal(eidcache_forward(cache, "sales", 5, eid, sizeof eid, &n), EIDCACHE_OK);
    assert_string_equal(eid, SALES);
    assert_int_equal(n, 32);
    assert_int_equal(eidcache_reverse(cache, SALES, 32, name, sizeof name, &n), EIDCACHE_OK);
    assert_string_equal(name, "sales");
    assert_int_equal(n, 5);
    assert_int_equal(eidcache_forward(cache, "größe", strlen("größe"), eid, sizeof eid, NULL),
                     EIDCACHE_OK);
    assert_int_equal(strlen(eid), 32);
}

static void misses(void **state)
{
    (void)state;
    char out[EIDCACHE_NAME_MAX] = "kept";
    size_t n = 7;
    assert_int_equal(eidcache_forward(cache, "sale", 4, out, sizeof out, &n), EIDCACHE_MISS);
    assert_int_equal(eidcache_forward(cache, "sales", 4, out, sizeof out, &n), EIDCACHE_MISS);
    assert_int_equal(eidcache_forward(cache, "", 0, out, sizeof out, &n), EIDCACHE_MISS);
    assert_int_equal(eidcache_reverse(cache, "sales", 5, out, sizeof out, &n), EIDCACHE_MISS);
    assert_int_equal(eidcache_reverse(cache, SALES, 31, out, sizeof out, &n), EIDCACHE_MISS);
    assert_string_equal(out, "kept");
    assert_int_equal(n, 7);
}

static void the_first_of_several(void **state)
{
    (void)state;
    char out[EIDCACHE_NAME_MAX];
    size_t n;
    assert_int_equal(eidcache_forward(cache, "alias/a", 7, out, sizeof out, &n), EIDCACHE_OK);
    assert_string_equal(out, "key-1");
    assert_int_equal(eidcache_reverse(cache, "key-1", 5, out, sizeof out, &n), EIDCACHE_OK);
    assert_string_equal(out, "alias/a");
}

static void small_buffers(void **state)
{
    (void)state;
    char out[33] = "kept";
    size_t n = 0;
    assert_int_equal(eidcache_forward(cache, "sales", 5, out, 32, &n), EIDCACHE_TOO_SMALL);
    assert_int_equal(n, 32);
    assert_string_equal(out, "kept");
    assert_int_equal(eidcache_forward(cache, "sales", 5, NULL, 0, &n), EIDCACHE_TOO_SMALL);
    assert_int_equal(eidcache_forward(cache, "sales", 5, out, n + 1, &n), EIDCACHE_OK);
    assert_string_equal(out, SALES);
}

struct seen {
    char text[128];
    int stop_after;
};

static int see(void *arg, const char *text, size_t length)
{
    struct seen *seen = arg;
    strncat(seen->text, text, length);
    strcat(seen->text, ";");
    return --seen->stop_after == 0;
}

static void all_of_several(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_int_equal(eidcache_forward_all(cache, "alias/a", 7, see, &seen), EIDCACHE_OK);
    assert_string_equal(seen.text, "key-1;key-2;");
    seen = (struct seen){0};
    assert_int_equal(eidcache_reverse_all(cache, "key-1", 5, see, &seen), EIDCACHE_OK);
    assert_string_equal(seen.text, "alias/a;alias/b;");
    seen = (struct seen){.stop_after = 1};
    assert_int_equal(eidcache_reverse_all(cache, "key-1", 5, see, &seen), EIDCACHE_OK);
    assert_string_equal(seen.text, "alias/a;");
    seen = (struct seen){0};
    assert_int_equal(eidcache_forward_all(cache, "none", 4, see, &seen), EIDCACHE_MISS);
    assert_int_equal(eidcache_reverse_all(cache, "none", 4, see, &seen), EIDCACHE_MISS);
    assert_string_equal(seen.text, "");
}

static void info_and_verify(void **state)
{
    (void)state;
    struct eidcache_info info;
    char message[EIDCACHE_MESSAGE];
    eidcache_info(cache, &info);
    assert_int_equal(info.number, 42);
    assert_int_equal(info.names, 4);
    assert_int_equal(info.entries, 5);
    assert_true(info.bytes > 0);
    assert_int_equal(info.created_at_ms, 1795371877120);
    assert_int_equal(strlen(info.id), 16);
    assert_int_equal(eidcache_verify(cache, message), EIDCACHE_OK);
    assert_int_equal(eidcache_verify(cache, NULL), EIDCACHE_OK);
    eidcache_close(NULL);
}

static void files_that_are_no_images(void **state)
{
    (void)state;
    char message[EIDCACHE_MESSAGE] = "", bad[sizeof path + 8];
    struct eidc_err err;
    eidcache *out = NULL;
    snprintf(bad, sizeof bad, "%s.bad", path);
    assert_int_equal(eidcache_open(bad, &out, message), EIDCACHE_ERROR);
    assert_non_null(strstr(message, bad));
    assert_true(eidc_file_write(bad, EIDC_STR("not an image"), 0644, &err));
    assert_int_equal(eidcache_open(bad, &out, message), EIDCACHE_ERROR);
    assert_non_null(strstr(message, bad));
    assert_int_equal(eidcache_open(bad, &out, NULL), EIDCACHE_ERROR);
    assert_null(out);
    unlink(bad);
}

/* One bit of the names: opens, and verify says so. */
static void a_damaged_image(void **state)
{
    (void)state;
    char message[EIDCACHE_MESSAGE] = "", bad[sizeof path + 8];
    EIDC_BUF_AUTO bytes = {0};
    struct eidc_err err;
    eidcache *out = NULL;
    snprintf(bad, sizeof bad, "%s.bad", path);
    assert_true(eidc_file_read(path, 1 << 20, &bytes, &err));
    char *at = memmem(bytes.p, bytes.n, "alias/", 6);
    assert_non_null(at);
    *at ^= 1;
    assert_true(eidc_file_write(bad, eidc_buf_view(&bytes), 0644, &err));
    assert_int_equal(eidcache_open(bad, &out, message), EIDCACHE_OK);
    assert_int_equal(eidcache_verify(out, message), EIDCACHE_ERROR);
    assert_true(strlen(message) > 0);
    eidcache_close(out);
    unlink(bad);
}

static void results_have_names(void **state)
{
    (void)state;
    assert_string_equal(eidcache_result_name(EIDCACHE_OK), "ok");
    assert_string_equal(eidcache_result_name(EIDCACHE_MISS), "miss");
    assert_string_equal(eidcache_result_name(EIDCACHE_TOO_SMALL), "too small");
    assert_string_equal(eidcache_result_name(EIDCACHE_ERROR), "error");
    assert_string_equal(eidcache_result_name((enum eidcache_result)4), "unknown");
    assert_string_equal(eidcache_result_name((enum eidcache_result) - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_have_names),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(misses),
        cmocka_unit_test(the_first_of_several),
        cmocka_unit_test(small_buffers),
        cmocka_unit_test(all_of_several),
        cmocka_unit_test(info_and_verify),
        cmocka_unit_test(files_that_are_no_images),
        cmocka_unit_test(a_damaged_image),
    };
    return cmocka_run_group_tests_name("lib.eidcache", tests, setup, teardown);
}
