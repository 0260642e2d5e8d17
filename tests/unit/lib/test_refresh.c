/* A handle that follows a file while others look up in it. */
#include "eidcache.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/lib/image_file.h"

static char folder[] = "/tmp/test-eidcache-XXXXXX";
static char path[sizeof folder + 16], other[sizeof folder + 16];
static eidcache *cache;

/* Names a and b, both with the EID "k<number>". */
static void publish(uint64_t number)
{
    char eid[32];
    snprintf(eid, sizeof eid, "k%llu", (unsigned long long)number);
    const struct test_entry entries[] = {{"a", eid, NULL}, {"b", eid, NULL}};
    assert_true(write_image(path, number, entries, 2));
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.eidc", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int open_first(void **state)
{
    (void)state;
    publish(1);
    return eidcache_open(path, &cache, NULL) == EIDCACHE_OK ? 0 : -1;
}

static int close_last(void **state)
{
    (void)state;
    eidcache_close(cache);
    unlink(path);
    return 0;
}

/* How many images are mapped. */
static int mapped(void)
{
    char line[1024];
    int n = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        n += strstr(line, path) != NULL;
    fclose(maps);
    return n;
}

static uint64_t number_now(void)
{
    struct eidcache_info info;
    eidcache_info(cache, &info);
    return info.number;
}

static void follows_a_replaced_file(void **state)
{
    (void)state;
    int changed = 7;
    char eid[EIDCACHE_EID_MAX];
    assert_int_equal(eidcache_refresh(cache, &changed, NULL), EIDCACHE_OK);
    assert_int_equal(changed, 0);
    publish(2);
    assert_int_equal(number_now(), 1);
    assert_int_equal(eidcache_refresh(cache, &changed, NULL), EIDCACHE_OK);
    assert_int_equal(changed, 1);
    assert_int_equal(number_now(), 2);
    assert_int_equal(eidcache_forward(cache, "a", 1, eid, sizeof eid, NULL), EIDCACHE_OK);
    assert_string_equal(eid, "k2");
    assert_int_equal(mapped(), 1);
    for (uint64_t i = 3; i < 150; i++) { /* each place of an old image is used again */
        publish(i);
        assert_int_equal(eidcache_refresh(cache, NULL, NULL), EIDCACHE_OK);
        assert_int_equal(number_now(), i);
    }
    assert_int_equal(mapped(), 1);
}

static void follows_a_link(void **state)
{
    (void)state;
    struct eidc_err err;
    eidcache *linked;
    int changed = 0;
    char target[sizeof path + 4];
    snprintf(target, sizeof target, "%s.2", path);
    assert_true(eidc_file_link(other, path, &err));
    assert_int_equal(eidcache_open(other, &linked, NULL), EIDCACHE_OK);
    assert_int_equal(rename(path, target), 0);
    publish(2);
    assert_int_equal(eidcache_refresh(linked, &changed, NULL), EIDCACHE_OK);
    assert_int_equal(changed, 1);
    assert_true(eidc_file_link(other, target, &err));
    assert_int_equal(eidcache_refresh(linked, &changed, NULL), EIDCACHE_OK);
    assert_int_equal(changed, 1);
    eidcache_close(linked);
    unlink(target);
    unlink(other);
}

static void keeps_what_it_has(void **state)
{
    (void)state;
    struct eidc_err err;
    int changed = 7;
    char message[EIDCACHE_MESSAGE] = "";
    unlink(path);
    assert_int_equal(eidcache_refresh(cache, &changed, message), EIDCACHE_ERROR);
    assert_int_equal(changed, 0);
    assert_non_null(strstr(message, path));
    assert_true(eidc_file_write(path, EIDC_STR("no image at all"), 0644, &err));
    message[0] = '\0';
    assert_int_equal(eidcache_refresh(cache, &changed, message), EIDCACHE_ERROR);
    assert_non_null(strstr(message, path));
    assert_int_equal(eidcache_refresh(cache, NULL, NULL), EIDCACHE_ERROR); /* it asks again */
    assert_int_equal(number_now(), 1);
    publish(2);
    assert_int_equal(eidcache_refresh(cache, &changed, NULL), EIDCACHE_OK);
    assert_int_equal(number_now(), 2);
}

/* A look-up in which others begin, each in a newer image. */
struct nest {
    uint64_t number, deepest;
    bool refused;
};

static int refresh_inside(void *arg, const char *text, size_t length)
{
    struct nest *nest = arg;
    char expected[32], message[EIDCACHE_MESSAGE];
    const uint64_t mine = nest->number;
    snprintf(expected, sizeof expected, "k%llu", (unsigned long long)mine);
    if (mine < nest->deepest) {
        publish(++nest->number);
        if (eidcache_refresh(cache, NULL, message) == EIDCACHE_OK) {
            assert_int_equal(mapped(), mine + 1);
            eidcache_forward_all(cache, "a", 1, refresh_inside, nest);
        } else {
            assert_non_null(strstr(message, "older images"));
            nest->refused = true;
        }
    }
    assert_int_equal(length, strlen(expected)); /* still there, and still the same */
    assert_memory_equal(text, expected, length);
    return 0;
}

static void an_old_image_lives_as_long_as_its_look_up(void **state)
{
    (void)state;
    struct nest nest = {.number = 1, .deepest = 5};
    eidcache_forward_all(cache, "a", 1, refresh_inside, &nest);
    assert_false(nest.refused);
    assert_int_equal(number_now(), 5);
    assert_int_equal(mapped(), 1);
}

static void too_many_old_images(void **state)
{
    (void)state;
    struct nest nest = {.number = 1, .deepest = 100};
    eidcache_forward_all(cache, "a", 1, refresh_inside, &nest);
    assert_true(nest.refused);
    assert_int_equal(mapped(), 1);
    assert_int_equal(eidcache_refresh(cache, NULL, NULL), EIDCACHE_OK);
    assert_int_equal(number_now(), nest.number);
    assert_int_equal(mapped(), 1);
}

static atomic_bool stop;
static atomic_ullong rounds, wrong;

static int keep_first(void *arg, size_t index, const char *text, size_t length)
{
    char(*eids)[32] = arg;
    snprintf(eids[index], sizeof eids[index], "%.*s", (int)length, text != NULL ? text : "");
    return 0;
}

static int keep_entry(void *arg, const char *name, size_t name_length, const char *eid,
                      size_t eid_length)
{
    (void)name_length;
    return keep_first(arg, (size_t)(name[0] - 'a'), eid, eid_length);
}

/* Each call answers from one image, and never from one before an earlier call's. */
static void *look_up(void *arg)
{
    static const struct eidcache_text keys[] = {{"a", 1}, {"b", 1}};
    unsigned long long last = 0;
    (void)arg;
    while (!atomic_load(&stop)) {
        char eids[2][32] = {"", ""}, one[EIDCACHE_EID_MAX] = "k0";
        enum eidcache_result result =
            atomic_fetch_add(&rounds, 1) % 2 == 0
                ? eidcache_forward_many(cache, keys, 2, keep_first, eids)
                : eidcache_scan(cache, NULL, 0, NULL, 0, keep_entry, eids);
        unsigned long long now = strtoull(eids[0] + 1, NULL, 10);
        bool good = result == EIDCACHE_OK && strcmp(eids[0], eids[1]) == 0 && now >= last &&
                    eidcache_forward(cache, "b", 1, one, sizeof one, NULL) == EIDCACHE_OK &&
                    strtoull(one + 1, NULL, 10) >= now;
        last = now;
        if (!good)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void *refresh(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        if (eidcache_refresh(cache, NULL, NULL) != EIDCACHE_OK)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void threads_look_up_while_others_refresh(void **state)
{
    (void)state;
    pthread_t threads[6];
    atomic_store(&stop, false);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 2 ? refresh : look_up, NULL), 0);
    for (uint64_t number = 2; number < 100; number++) {
        publish(number);
        assert_int_equal(eidcache_refresh(cache, NULL, NULL), EIDCACHE_OK);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&rounds) > 0);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_int_equal(number_now(), 99);
    assert_int_equal(mapped(), 1);
}

#define WITH_HANDLE(test) cmocka_unit_test_setup_teardown(test, open_first, close_last)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HANDLE(follows_a_replaced_file),
        WITH_HANDLE(follows_a_link),
        WITH_HANDLE(keeps_what_it_has),
        WITH_HANDLE(an_old_image_lives_as_long_as_its_look_up),
        WITH_HANDLE(too_many_old_images),
        WITH_HANDLE(threads_look_up_while_others_refresh),
    };
    return cmocka_run_group_tests_name("lib.refresh", tests, setup, teardown);
}
