/*
 * No look-up allocates: the program's allocator counts, and after opening there is nothing to
 * count, in the first look-ups of a new thread neither. Where there is no memory the library says
 * so, and the process goes on.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "eidcache.h"
#include "eidcached/base/file.h"
#include "tests/support/build_image.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* The library uses them, too. */
#define VISIBLE __attribute__((visibility("default")))

static atomic_size_t allocations;
static atomic_size_t failing = SIZE_MAX; /* the first that gets nothing, as all behind it */

static bool there_is_memory(void)
{
    return atomic_fetch_add(&allocations, 1) < atomic_load(&failing);
}

VISIBLE void *malloc(size_t size)
{
    return there_is_memory() ? __libc_malloc(size) : NULL;
}

VISIBLE void *calloc(size_t n, size_t size)
{
    return there_is_memory() ? __libc_calloc(n, size) : NULL;
}

VISIBLE void *realloc(void *p, size_t size)
{
    return there_is_memory() ? __libc_realloc(p, size) : NULL;
}

VISIBLE void *aligned_alloc(size_t alignment, size_t size)
{
    return there_is_memory() ? __libc_memalign(alignment, size) : NULL;
}

static eidcache *cache;
static char path[] = "/tmp/eidcache-XXXXXX";

static int setup(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"sales", NULL, NULL},      {"alias/b", "key-1", NULL}, {"alias/a", "key-1", NULL},
        {"alias/a", "key-2", NULL}, {"größe", NULL, NULL},
    };
    struct eidc_err err;
    int fd = mkstemp(path);
    struct eidc_image *image = build_image(1, entries, 5);
    bool opened = fd >= 0 && eidc_file_write(path, eidc_image_block(image), 0600, &err) &&
                  eidcache_open(path, &cache, NULL) == EIDCACHE_OK;
    eidc_image_free(image);
    close(fd);
    return opened ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    eidcache_close(cache);
    return unlink(path);
}

static int each(void *arg, const char *text, size_t length)
{
    (void)text;
    *(size_t *)arg += length;
    return 0;
}

static int each_key(void *arg, size_t index, const char *text, size_t length)
{
    (void)index;
    return each(arg, text, length);
}

static int each_entry(void *arg, const char *name, size_t name_length, const char *eid,
                      size_t eid_length)
{
    each(arg, name, name_length);
    return each(arg, eid, eid_length);
}

/* Returns how many bytes of answers there were. */
static void *look_up_all(void *arg)
{
    static const struct eidcache_text keys[] = {
        {"sales", 5}, {"alias/a", 7}, {"key-1", 5},
        {"none", 4},  {"", 0},        {"e04eb29020eaa961e99d3162635e9fe9", 32},
    };
    const size_t n = sizeof keys / sizeof *keys;
    char out[EIDCACHE_NAME_MAX];
    struct eidcache_info info;
    size_t *bytes = arg;
    for (size_t i = 0; i < n; i++) {
        (void)eidcache_forward(cache, keys[i].p, keys[i].n, out, sizeof out, NULL);
        (void)eidcache_reverse(cache, keys[i].p, keys[i].n, out, sizeof out, NULL);
        (void)eidcache_forward_all(cache, keys[i].p, keys[i].n, each, bytes);
        (void)eidcache_reverse_all(cache, keys[i].p, keys[i].n, each, bytes);
    }
    (void)eidcache_forward_many(cache, keys, n, each_key, bytes);
    (void)eidcache_reverse_many(cache, keys, n, each_key, bytes);
    (void)eidcache_scan(cache, "", 0, NULL, 0, each_entry, bytes);
    eidcache_info(cache, &info);
    return NULL;
}

/* It can: opening does. */
static void what_the_library_allocates_is_counted(void **state)
{
    (void)state;
    size_t before = atomic_load(&allocations);
    eidcache *none;
    assert_int_equal(eidcache_open("/proc/nonexistent", &none, NULL), EIDCACHE_ERROR);
    assert_true(atomic_load(&allocations) > before);
}

static void no_look_up_allocates(void **state)
{
    (void)state;
    size_t bytes = 0, before = atomic_load(&allocations);
    look_up_all(&bytes);
    assert_int_equal(atomic_load(&allocations), before);
    assert_true(bytes > 200);
}

static pthread_barrier_t started;

static void *look_up_in_a_thread(void *arg)
{
    size_t *counts = arg; /* before, behind */
    size_t bytes = 0;
    pthread_barrier_wait(&started);
    counts[0] = atomic_load(&allocations);
    look_up_all(&bytes);
    counts[1] = atomic_load(&allocations);
    return NULL;
}

static void the_first_look_ups_of_a_thread_do_not(void **state)
{
    (void)state;
    pthread_t thread;
    size_t counts[2] = {0, 1};
    assert_int_equal(pthread_barrier_init(&started, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, look_up_in_a_thread, counts), 0);
    pthread_barrier_wait(&started);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(counts[0], counts[1]);
    pthread_barrier_destroy(&started);
}

static enum eidcache_result open_and_close(char *message)
{
    eidcache *other;
    enum eidcache_result result = eidcache_open(path, &other, message);
    if (result == EIDCACHE_OK)
        eidcache_close(other);
    return result;
}

static enum eidcache_result verify(char *message)
{
    return eidcache_verify(cache, message);
}

/* Does it again and again, with memory for one allocation more each time; returns how many it
 * takes until it is good. */
static size_t without_memory(enum eidcache_result (*what)(char *message))
{
    char message[EIDCACHE_MESSAGE];
    enum eidcache_result result = EIDCACHE_ERROR;
    for (size_t room = 0;; room++) {
        message[0] = '\0';
        atomic_store(&failing, atomic_load(&allocations) + room);
        result = what(message);
        atomic_store(&failing, SIZE_MAX);
        if (result == EIDCACHE_OK)
            return room;
        assert_int_equal(result, EIDCACHE_ERROR);
        assert_true(strlen(message) > 0);
    }
}

static void where_there_is_no_memory_the_process_goes_on(void **state)
{
    (void)state;
    assert_int_equal(verify(NULL), EIDCACHE_OK); /* OpenSSL is ready */
    assert_in_range(without_memory(open_and_close), 4, 100);
    assert_in_range(without_memory(verify), 4, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_library_allocates_is_counted),
        cmocka_unit_test(no_look_up_allocates),
        cmocka_unit_test(the_first_look_ups_of_a_thread_do_not),
        cmocka_unit_test(where_there_is_no_memory_the_process_goes_on),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
