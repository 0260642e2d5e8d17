/* Batches and scans, through the public header. */
#include "eidcache.h"

#include "tests/unit/lib/image_file.h"

static char folder[] = "/tmp/test-eidcache-XXXXXX";
static char path[sizeof folder + 16];
static eidcache *cache;

#define SALES "e04eb29020eaa961e99d3162635e9fe9"

static int setup(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"sales", "key-s", NULL},   {"alias/b", "key-1", NULL}, {"alias/a", "key-1", NULL},
        {"alias/a", "key-2", NULL}, {"alias", "key-0", NULL},   {"zoo", "key-z", NULL},
    };
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.eidc", folder);
    return write_image(path, 1, entries, 6) && eidcache_open(path, &cache, NULL) == EIDCACHE_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    eidcache_close(cache);
    unlink(path);
    return rmdir(folder);
}

struct seen {
    char text[256];
    int stop_after; /* calls; 0: never */
};

static int see_key(void *arg, size_t index, const char *text, size_t length)
{
    struct seen *seen = arg;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%zu=%.*s;", index, (int)length,
             text != NULL ? text : "");
    assert_true(text != NULL || length == 0);
    return --seen->stop_after == 0;
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

static void batches_both_ways(void **state)
{
    (void)state;
    const struct eidcache_text names[] = {TEXT("alias/a"), TEXT("none"), TEXT("sales"), {"", 0}};
    const struct eidcache_text eids[] = {TEXT("key-1"), TEXT("key-z"), TEXT(SALES)};
    struct seen seen = {0};
    assert_int_equal(eidcache_forward_many(cache, names, 4, see_key, &seen), EIDCACHE_MISS);
    assert_string_equal(seen.text, "0=key-1;0=key-2;1=;2=key-s;3=;");
    seen = (struct seen){0};
    assert_int_equal(eidcache_reverse_many(cache, eids, 3, see_key, &seen), EIDCACHE_MISS);
    assert_string_equal(seen.text, "0=alias/a;0=alias/b;1=zoo;2=;");
    seen = (struct seen){0};
    assert_int_equal(eidcache_reverse_many(cache, eids, 2, see_key, &seen), EIDCACHE_OK);
    assert_int_equal(eidcache_forward_many(cache, names, 0, see_key, &seen), EIDCACHE_OK);
}

static void batches_stop_when_told(void **state)
{
    (void)state;
    const struct eidcache_text names[] = {TEXT("alias/a"), TEXT("none"), TEXT("sales")};
    struct seen seen = {.stop_after = 1};
    assert_int_equal(eidcache_forward_many(cache, names, 3, see_key, &seen), EIDCACHE_OK);
    assert_string_equal(seen.text, "0=key-1;");
    seen = (struct seen){.stop_after = 3};
    assert_int_equal(eidcache_forward_many(cache, names, 3, see_key, &seen), EIDCACHE_MISS);
    assert_string_equal(seen.text, "0=key-1;0=key-2;1=;");
}

static int count_key(void *arg, size_t index, const char *text, size_t length)
{
    size_t *next = arg;
    assert_int_equal(index, *next);
    assert_int_equal(text == NULL, index % 3 == 0);
    assert_int_equal(length, text == NULL ? 0 : 5);
    ++*next;
    return 0;
}

static void a_batch_of_any_size(void **state)
{
    (void)state;
    struct eidcache_text names[1000] = {0};
    for (size_t n = 0; n <= 1000; n += n < 70 ? 1 : 93) {
        for (size_t i = 0; i < n; i++)
            names[i] =
                i % 3 == 0 ? (struct eidcache_text)TEXT("no") : (struct eidcache_text)TEXT("zoo");
        size_t next = 0;
        assert_int_equal(eidcache_forward_many(cache, names, n, count_key, &next),
                         n == 0 ? EIDCACHE_OK : EIDCACHE_MISS);
        assert_int_equal(next, n);
    }
}

static int see_entry(void *arg, const char *name, size_t name_length, const char *eid,
                     size_t eid_length)
{
    struct seen *seen = arg;
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof seen->text - at, "%.*s=%.*s;", (int)name_length, name,
             (int)eid_length, eid);
    return --seen->stop_after == 0;
}

static const char *scan(const char *prefix, const char *after, int stop_after)
{
    static struct seen seen;
    seen = (struct seen){.stop_after = stop_after};
    enum eidcache_result result =
        eidcache_scan(cache, prefix, prefix != NULL ? strlen(prefix) : 0, after,
                      after != NULL ? strlen(after) : 0, see_entry, &seen);
    assert_int_equal(result, seen.text[0] != '\0' ? EIDCACHE_OK : EIDCACHE_MISS);
    return seen.text;
}

#define ALIASES "alias/a=key-1;alias/a=key-2;alias/b=key-1;"

static void scans(void **state)
{
    (void)state;
    assert_string_equal(scan("alias/", NULL, 0), ALIASES);
    assert_string_equal(scan("alias", NULL, 0), "alias=key-0;" ALIASES);
    assert_string_equal(scan("", NULL, 0), "alias=key-0;" ALIASES "sales=key-s;zoo=key-z;");
    assert_string_equal(scan(NULL, NULL, 0), "alias=key-0;" ALIASES "sales=key-s;zoo=key-z;");
    assert_string_equal(scan("alias", NULL, 2), "alias=key-0;alias/a=key-1;");
    assert_string_equal(scan("alias//", NULL, 0), "");
    assert_string_equal(scan("zoos", NULL, 0), "");
}

static void scans_go_on_behind_a_name(void **state)
{
    (void)state;
    assert_string_equal(scan("alias", "alias", 0), ALIASES);
    assert_string_equal(scan("alias/", "alias/a", 0), "alias/b=key-1;");
    assert_string_equal(scan("alias/", "alias/aa", 0), "alias/b=key-1;"); /* needs not be there */
    assert_string_equal(scan("alias/", "alias/b", 0), "");
    assert_string_equal(scan("alias/", "a", 0), ALIASES); /* before the prefix */
    assert_string_equal(scan("alias/", "", 0), ALIASES);
    assert_string_equal(scan("", "", 1), "alias=key-0;");
    assert_string_equal(scan("alias/", "zoo", 0), ""); /* behind it */
    assert_string_equal(scan(NULL, "sales", 0), "zoo=key-z;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_both_ways),         cmocka_unit_test(batches_stop_when_told),
        cmocka_unit_test(a_batch_of_any_size),       cmocka_unit_test(scans),
        cmocka_unit_test(scans_go_on_behind_a_name),
    };
    return cmocka_run_group_tests_name("lib.many", tests, setup, teardown);
}
