#include "eidcached/adapters/store_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eidcached/base/digest.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "tests/support/build_image.h"

/* A directory of its own for each test, and a store in it. */
static char dir[64];
static struct eidc_store *store;

static char *path_of(const char *name)
{
    return eidc_xprintf("%s/%s", dir, name);
}

static struct eidc_store *open_store(const char *path, unsigned keep)
{
    struct eidc_store *opened = NULL;
    struct eidc_err err = {0};
    if (!eidc_store_dir_new(path, keep, &opened, &err))
        fail_msg("%s", err.text);
    return opened;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/eidc-store-dir-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    store = open_store(dir, 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char *command EIDC_AUTO_FREE = eidc_xprintf("rm -rf '%s'", dir);
    store->ops->destroy(store);
    return system(command);
}

static struct eidc_image *image_of(uint64_t number, const char *name)
{
    const struct test_entry entries[] = {{"always", NULL, NULL}, {name, NULL, NULL}};
    return build_image(number, entries, 2);
}

static bool put_image(struct eidc_store *into, bool touch, uint64_t number, const char *name,
                      int64_t time, uint64_t *winner, struct eidc_err *err)
{
    struct eidc_image *image = image_of(number, name);
    const struct eidc_snapshot snapshot = {
        .image = image, .refreshed_at_ms = time, .verified_at_ms = time - 5};
    bool ok = touch ? into->ops->touch(into, &snapshot, winner, err)
                    : into->ops->save(into, &snapshot, winner, err);
    eidc_image_free(image);
    return ok;
}

static void save_at(uint64_t number, const char *name, int64_t time)
{
    struct eidc_err err = {0};
    uint64_t winner = 0;
    if (!put_image(store, false, number, name, time, &winner, &err))
        fail_msg("save %d: %s", (int)number, err.text);
}

static void save(uint64_t number, const char *name)
{
    save_at(number, name, 1000);
}

static void touch_at(uint64_t number, const char *name, int64_t time)
{
    struct eidc_err err = {0};
    uint64_t winner = 0;
    if (!put_image(store, true, number, name, time, &winner, &err))
        fail_msg("touch %d: %s", (int)number, err.text);
}

static bool has_name(const struct eidc_image *image, const char *name)
{
    struct eidc_hits hits;
    return eidc_image_forward(image, eidc_str_of(name), &hits);
}

/* What load gives: its number, after a look at its names. */
static uint64_t load(const char *name, struct eidc_pointer *pointer)
{
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    if (!store->ops->load(store, &image, pointer, &err))
        fail_msg("load: %s", err.text);
    assert_true(has_name(image, name));
    uint64_t number = eidc_image_info(image)->number;
    assert_int_equal(pointer->number, number);
    assert_int_equal(pointer->bytes, eidc_image_block(image).n);
    assert_string_equal(pointer->id, eidc_image_info(image)->id);
    assert_int_equal(pointer->names, 2);
    eidc_image_free(image);
    return number;
}

static void load_fails(enum eidc_err_kind kind, const char *why)
{
    struct eidc_pointer pointer;
    struct eidc_image *image = NULL;
    struct eidc_err err = {0};
    assert_false(store->ops->load(store, &image, &pointer, &err));
    assert_null(image);
    if (err.kind != kind || strstr(err.text, why) == NULL)
        fail_msg("%d: %s", (int)err.kind, err.text);
}

static uint64_t peek(void)
{
    struct eidc_err err = {0};
    uint64_t number = 77;
    assert_true(store->ops->peek(store, &number, &err));
    return number;
}

static void read_file(const char *name, struct eidc_buf *out)
{
    char *path EIDC_AUTO_FREE = path_of(name);
    struct eidc_err err = {0};
    if (!eidc_file_read(path, 1000000, out, &err))
        fail_msg("%s", err.text);
}

static void write_file(const char *name, struct eidc_str text)
{
    char *path EIDC_AUTO_FREE = path_of(name);
    struct eidc_err err = {0};
    if (!eidc_file_write(path, text, 0644, &err))
        fail_msg("%s", err.text);
}

static bool exists(const char *name)
{
    char *path EIDC_AUTO_FREE = path_of(name);
    return access(path, F_OK) == 0;
}

static void remove_file(const char *name)
{
    char *path EIDC_AUTO_FREE = path_of(name);
    assert_int_equal(unlink(path), 0);
}

static unsigned count_files(const char *folder)
{
    char *path EIDC_AUTO_FREE = path_of(folder);
    DIR *listing = opendir(path);
    const struct dirent *entry;
    unsigned n = 0;
    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return n;
}

/* The key that CURRENT names. */
static void current(struct eidc_pointer *out)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err = {0};
    read_file("CURRENT", &text);
    if (!eidc_pointer_read(eidc_buf_view(&text), out, &err))
        fail_msg("%s", err.text);
}

static void link_points_at(const char *key)
{
    char *path EIDC_AUTO_FREE = path_of("current.eidc");
    char target[256] = {0};
    assert_true(readlink(path, target, sizeof(target) - 1) > 0);
    assert_string_equal(target, key);
    assert_true(exists("current.eidc")); /* it resolves */
}

/* A byte in the middle of a stored image turned over. */
static void damage(const char *key)
{
    EIDC_BUF_AUTO bytes = {0};
    read_file(key, &bytes);
    bytes.p[bytes.n / 2] = (char)(bytes.p[bytes.n / 2] ^ 0x10);
    write_file(key, eidc_buf_view(&bytes));
}

static void truncate_file(const char *name, size_t by)
{
    EIDC_BUF_AUTO bytes = {0};
    read_file(name, &bytes);
    write_file(name, (struct eidc_str){bytes.p, bytes.n - by});
}

static void an_empty_directory_has_nothing(void **state)
{
    (void)state;
    load_fails(EIDC_ERR_NOT_FOUND, "nothing was saved there yet");
    assert_int_equal(peek(), 0);
    assert_int_equal(count_files("."), 0); /* looking leaves no trace */
}

static void what_is_saved_is_loaded(void **state)
{
    (void)state;
    struct eidc_pointer pointer = {0}, named;
    uint8_t sha256[32];
    EIDC_BUF_AUTO bytes = {0};
    save_at(7, "sales", 1795371877120);
    assert_int_equal(peek(), 7);
    assert_int_equal(load("sales", &pointer), 7);
    assert_true(pointer.refreshed_at_ms == 1795371877120);
    assert_true(pointer.verified_at_ms == 1795371877115);
    current(&named);
    assert_memory_equal(&named, &pointer, sizeof(named));
    read_file(named.key, &bytes);
    eidc_sha256(eidc_buf_view(&bytes), sha256);
    assert_memory_equal(sha256, named.sha256, sizeof(sha256));
    link_points_at(named.key);
    assert_false(exists("eid_cache.json"));
    assert_false(exists("summary.json"));
}

static void documents_are_written_when_asked_for(void **state)
{
    (void)state;
    EIDC_BUF_AUTO summary = {0}, eid_cache = {0};
    struct eidc_image *image = image_of(1, "sales");
    struct eidc_snapshot snapshot = {
        .image = image, .summary = EIDC_STR("{\"added\":2}\n"), .json = true};
    struct eidc_err err = {0};
    uint64_t winner = 0;
    assert_true(store->ops->save(store, &snapshot, &winner, &err));
    read_file("summary.json", &summary);
    assert_string_equal(summary.p, "{\"added\":2}\n");
    read_file("eid_cache.json", &eid_cache);
    assert_non_null(strstr(eid_cache.p, "\"sales\":\"e04eb29020eaa961e99d3162635e9fe9\""));
    remove_file("eid_cache.json");
    snapshot.summary = EIDC_STR("{\"added\":0}\n");
    assert_true(store->ops->touch(store, &snapshot, &winner, &err));
    assert_true(exists("eid_cache.json"));
    eidc_buf_clear(&summary);
    read_file("summary.json", &summary);
    assert_string_equal(summary.p, "{\"added\":0}\n");
    eidc_image_free(image);
}

/* Also where nothing was saved yet. */
static void a_failed_refresh_leaves_only_its_summary(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err = {0};
    assert_true(store->ops->summarize(store, EIDC_STR("{\"x\":1}"), &err));
    read_file("summary.json", &text);
    assert_string_equal(text.p, "{\"x\":1}");
    assert_false(exists("CURRENT"));
    load_fails(EIDC_ERR_NOT_FOUND, "nothing was saved there yet");
    save(3, "a");
    struct eidc_pointer before, after;
    current(&before);
    assert_true(store->ops->summarize(store, EIDC_STR("{\"x\":2}"), &err));
    current(&after);
    assert_memory_equal(&before, &after, sizeof(before));
    eidc_buf_clear(&text);
    read_file("summary.json", &text);
    assert_string_equal(text.p, "{\"x\":2}");
}

static void the_link_follows_the_newest(void **state)
{
    (void)state;
    struct eidc_pointer named;
    save(1, "a");
    save(2, "b");
    current(&named);
    assert_int_equal(named.number, 2);
    link_points_at(named.key);
    remove_file("current.eidc");
    touch_at(2, "b", 2000); /* and is made again */
    link_points_at(named.key);
}

/* The image and CURRENT are what a start needs; a folder in the place of the rest stands in the way
 * of that alone. */
static void folders_in_the_place_of_documents(void **state)
{
    (void)state;
    static const char *const names[] = {"current.eidc", "summary.json", "eid_cache.json"};
    EIDC_BUF_AUTO cache = {0};
    struct eidc_image *image = image_of(3, "sales");
    struct eidc_snapshot snapshot = {.image = image, .summary = EIDC_STR("{}\n"), .json = true};
    struct eidc_err err = {0};
    struct eidc_pointer pointer;
    uint64_t winner = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path EIDC_AUTO_FREE = path_of(names[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    assert_true(store->ops->save(store, &snapshot, &winner, &err));
    assert_int_equal(load("sales", &pointer), 3);
    assert_true(store->ops->touch(store, &snapshot, &winner, &err));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path EIDC_AUTO_FREE = path_of(names[i]);
        assert_int_equal(rmdir(path), 0);
    }
    write_file("eid_cache.json", EIDC_STR("of before"));
    char *path EIDC_AUTO_FREE = path_of("eid_cache.json");
    const struct timespec past[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    assert_true(store->ops->touch(store, &snapshot, &winner, &err));
    read_file("eid_cache.json", &cache);
    assert_non_null(strstr(cache.p, "\"sales\""));
    assert_true(exists("summary.json"));
    link_points_at(pointer.key);
    eidc_image_free(image);
}

/* Retention would delete what lies where the link leads. */
static void a_link_in_the_place_of_the_images(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    uint64_t winner = 0;
    char *there EIDC_AUTO_FREE = path_of("elsewhere");
    char *link EIDC_AUTO_FREE = path_of("images");
    assert_int_equal(mkdir(there, 0755), 0);
    assert_int_equal(symlink("elsewhere", link), 0);
    for (char c = '1'; c < '9'; c++) {
        char *name EIDC_AUTO_FREE =
            eidc_xprintf("elsewhere/0000000000000000000%c-0123456789abcdef.eidc", c);
        write_file(name, EIDC_STR("theirs"));
    }
    assert_false(put_image(store, false, 20, "a", 1000, &winner, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_non_null(strstr(err.text, "images is a symbolic link"));
    assert_int_equal(count_files("elsewhere"), 8);
    assert_false(exists("CURRENT"));
    load_fails(EIDC_ERR_INVALID, "symbolic link");
}

static void a_touch_moves_only_times(void **state)
{
    (void)state;
    struct eidc_pointer before, after;
    save_at(4, "a", 1000);
    current(&before);
    touch_at(4, "a", 9000);
    current(&after);
    assert_int_equal(after.refreshed_at_ms, 9000);
    assert_int_equal(after.verified_at_ms, 8995);
    after.refreshed_at_ms = before.refreshed_at_ms;
    after.verified_at_ms = before.verified_at_ms;
    assert_memory_equal(&before, &after, sizeof(before));
    touch_at(4, "a", 5000); /* times never go back */
    current(&after);
    assert_int_equal(after.refreshed_at_ms, 9000);
}

static void a_touch_of_nothing_saves(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    touch_at(4, "a", 1000);
    assert_int_equal(load("a", &pointer), 4);
    remove_file(pointer.key);
    touch_at(4, "a", 2000);
    assert_int_equal(load("a", &pointer), 4);
    assert_int_equal(pointer.refreshed_at_ms, 2000);
}

static void saving_the_same_again_moves_times(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save_at(4, "a", 1000);
    save_at(4, "a", 2000);
    assert_int_equal(load("a", &pointer), 4);
    assert_int_equal(pointer.refreshed_at_ms, 2000);
    save_at(3, "a", 3000); /* the same content under an older number */
    assert_int_equal(load("a", &pointer), 4);
    assert_int_equal(pointer.refreshed_at_ms, 3000);
    save_at(9, "a", 3000); /* and under a newer one */
    assert_int_equal(load("a", &pointer), 9);
}

static void a_damaged_image_is_mended_by_saving_it_again(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(4, "a");
    current(&pointer);
    damage(pointer.key);
    load_fails(EIDC_ERR_CORRUPT, "");
    save(4, "a");
    assert_int_equal(load("a", &pointer), 4);
}

static void expect_conflict(bool touch, uint64_t number, const char *name, uint64_t theirs)
{
    struct eidc_err err = {0};
    uint64_t winner = 0;
    EIDC_BUF_AUTO before = {0}, after = {0};
    read_file("CURRENT", &before);
    assert_false(put_image(store, touch, number, name, 5000, &winner, &err));
    assert_int_equal(err.kind, EIDC_ERR_CONFLICT);
    assert_int_equal(winner, theirs);
    read_file("CURRENT", &after);
    assert_true(eidc_str_eq(eidc_buf_view(&before), eidc_buf_view(&after)));
}

static void it_never_goes_backwards(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    struct eidc_store *other = open_store(dir, 3);
    struct eidc_err err = {0};
    uint64_t winner = 0;
    save(5, "ours");
    assert_true(put_image(other, false, 8, "theirs", 1000, &winner, &err));
    expect_conflict(false, 6, "ours", 8);
    expect_conflict(false, 8, "ours", 8);
    expect_conflict(true, 5, "ours", 8);
    assert_int_equal(load("theirs", &pointer), 8);
    save(9, "ours");
    assert_int_equal(load("ours", &pointer), 9);
    other->ops->destroy(other);
}

static void a_damaged_current_keeps_its_number(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(8, "a");
    write_file("CURRENT", EIDC_STR("{\"number\":"));
    assert_int_equal(peek(), 8);
    expect_conflict(false, 7, "b", 8);
    save(8, "a"); /* mends it */
    current(&pointer);
    assert_int_equal(pointer.number, 8);
}

static void writers_at_once_leave_one_good_winner(void **state)
{
    (void)state;
    struct eidc_pointer pointer = {0};
    char name[16];
    for (int child = 0; child < 4; child++) {
        if (fork() != 0)
            continue;
        struct eidc_store *own = open_store(dir, 3);
        snprintf(name, sizeof(name), "child%d", child);
        for (uint64_t number = 1, winner = 0; number <= 25; number++) {
            struct eidc_err err = {0};
            if (!put_image(own, false, number, name, 1000, &winner, &err) &&
                err.kind != EIDC_ERR_CONFLICT)
                _exit(1);
        }
        _exit(0);
    }
    for (int child = 0, status; child < 4; child++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(load("always", &pointer), 25);
    link_points_at(pointer.key);
}

static void a_damaged_image_falls_back(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(1, "old");
    save(2, "new");
    current(&pointer);
    damage(pointer.key);
    assert_int_equal(load("old", &pointer), 1);
    assert_int_equal(pointer.refreshed_at_ms, 0);
    assert_int_equal(pointer.verified_at_ms, 0);
    assert_true(pointer.created_at_ms > 0);
}

static void a_truncated_image_falls_back(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(1, "older");
    save(2, "old");
    save(3, "new");
    current(&pointer);
    truncate_file(pointer.key, 1);
    assert_int_equal(load("old", &pointer), 2);
    truncate_file(pointer.key, pointer.bytes);
    assert_int_equal(load("older", &pointer), 1);
}

static void a_missing_image_falls_back(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(1, "old");
    save(2, "new");
    current(&pointer);
    remove_file(pointer.key);
    assert_int_equal(load("old", &pointer), 1);
}

static void a_damaged_current_falls_back(void **state)
{
    (void)state;
    static const char *const damaged[] = {"", "{", "null", "{\"number\":2}", "\xff\xfe"};
    struct eidc_pointer pointer;
    save(1, "old");
    save(2, "new");
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        write_file("CURRENT", eidc_str_of(damaged[i]));
        assert_int_equal(load("new", &pointer), 2);
        assert_int_equal(pointer.refreshed_at_ms, 0);
    }
    remove_file("CURRENT");
    assert_int_equal(load("new", &pointer), 2);
    EIDC_BUF_AUTO endless = {0};
    memset(eidc_buf_reserve(&endless, 100000), ' ', 100000);
    eidc_buf_commit(&endless, 100000);
    write_file("CURRENT", eidc_buf_view(&endless));
    assert_int_equal(load("new", &pointer), 2);
}

/* Good in itself, but not the bytes that CURRENT promises. */
static void a_current_that_is_a_pipe_is_replaced(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    char *path EIDC_AUTO_FREE = path_of("CURRENT");
    save(8, "a");
    remove_file("CURRENT");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(load("a", &pointer), 8);
    save(8, "a");
    current(&pointer);
    assert_int_equal(pointer.number, 8);
}

static void another_image_under_the_name_is_not_taken(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    EIDC_BUF_AUTO text = {0};
    save(1, "old");
    save(2, "new");
    current(&pointer);
    pointer.sha256[0] ^= 1;
    eidc_pointer_write(&pointer, &text);
    write_file("CURRENT", eidc_buf_view(&text));
    assert_int_equal(load("old", &pointer), 1);
}

static void an_image_under_a_wrong_name_is_not_taken(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    EIDC_BUF_AUTO bytes = {0};
    save(1, "old");
    current(&pointer);
    read_file(pointer.key, &bytes);
    write_file("images/00000000000000000009-0123456789abcdef.eidc", eidc_buf_view(&bytes));
    write_file("images/00000000000000000008-0123456789abcdef.eidc.zst", eidc_buf_view(&bytes));
    write_file("images/notes.txt", EIDC_STR("x"));
    remove_file("CURRENT");
    assert_int_equal(load("old", &pointer), 1);
}

static void everything_damaged_is_told(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    save(1, "old");
    current(&pointer);
    damage(pointer.key);
    load_fails(EIDC_ERR_CORRUPT, "no good image");
    remove_file(pointer.key);
    load_fails(EIDC_ERR_CORRUPT, pointer.key);
    write_file("CURRENT", EIDC_STR("{}"));
    load_fails(EIDC_ERR_CORRUPT, "CURRENT");
}

static void only_the_newest_are_kept(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    for (uint64_t number = 1; number <= 9; number++)
        save(number, number % 2 ? "odd" : "even");
    assert_int_equal(count_files("images"), 3);
    assert_int_equal(load("odd", &pointer), 9);
    damage(pointer.key);
    assert_int_equal(load("even", &pointer), 8);
}

static void the_current_image_is_always_kept(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    for (int i = 0; i < 5; i++) {
        char name[96];
        snprintf(name, sizeof(name), "images/0000000000000000010%d-0123456789abcdef.eidc", i);
        if (i == 0)
            save(1, "a");
        write_file(name, EIDC_STR("never finished"));
    }
    save(2, "b");
    assert_int_equal(load("b", &pointer), 2);
    assert_int_equal(count_files("images"), 4);
}

static void keep_zero_keeps_one(void **state)
{
    (void)state;
    struct eidc_pointer pointer;
    store->ops->destroy(store);
    store = open_store(dir, 0);
    save(1, "a");
    save(2, "b");
    assert_int_equal(load("b", &pointer), 2);
    assert_int_equal(count_files("images"), 1);
}

static void strays_of_a_crash_are_removed_and_other_files_are_not(void **state)
{
    (void)state;
    static const char image[] = "images/.00000000000000000001-0123456789abcdef.eidc.99.0.tmp";
    save(1, "a");
    write_file(".CURRENT.99.0.tmp", EIDC_STR("half"));
    write_file(".current.eidc.99.0.tmp", EIDC_STR("half"));
    write_file(image, EIDC_STR("half"));
    write_file(".mine.tmp", EIDC_STR("kept"));
    write_file("images/.mine.tmp", EIDC_STR("kept"));
    save(2, "b");
    assert_false(exists(".CURRENT.99.0.tmp"));
    assert_false(exists(".current.eidc.99.0.tmp"));
    assert_false(exists(image));
    assert_true(exists(".mine.tmp"));
    assert_true(exists("images/.mine.tmp"));
}

static void no_temporary_file_is_left(void **state)
{
    (void)state;
    save(1, "a");
    save(2, "b");
    touch_at(2, "b", 2000);
    assert_int_equal(count_files("."), 4); /* .lock CURRENT current.eidc images */
}

static void a_held_lock_is_waited_for_and_then_told(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    uint64_t winner = 0;
    save(1, "a");
    char *path EIDC_AUTO_FREE = path_of(".lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_false(put_image(store, false, 2, "b", 1000, &winner, &err));
    assert_int_equal(err.kind, EIDC_ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, ".lock"));
    assert_int_equal(peek(), 1);
    close(fd);
    save(2, "b");
}

/* Writing fails for root too: a folder stands where CURRENT's image, or a file where a folder goes.
 */
static void what_cannot_be_written_leaves_current_in_force(void **state)
{
    (void)state;
    struct eidc_pointer before, pointer;
    struct eidc_err err = {0};
    uint64_t winner = 0;
    struct eidc_image *next = image_of(2, "b");
    char key[EIDC_POINTER_KEY_MAX];
    save(1, "a");
    current(&before);
    eidc_pointer_key(2, eidc_image_info(next)->id, false, key);
    eidc_image_free(next);
    char *blocker EIDC_AUTO_FREE = path_of(key);
    assert_int_equal(mkdir(blocker, 0755), 0);
    assert_false(put_image(store, false, 2, "b", 1000, &winner, &err));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_non_null(strstr(err.text, key));
    current(&pointer);
    assert_memory_equal(&before, &pointer, sizeof(before));
    assert_int_equal(load("a", &pointer), 1);
    link_points_at(before.key);
    assert_int_equal(rmdir(blocker), 0);
    save(2, "b");
}

static void a_place_that_cannot_be_a_directory(void **state)
{
    (void)state;
    static const char *const places[] = {"/proc/eidcached", "/dev/null", "/dev/null/below"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct eidc_store *bad = open_store(places[i], 3);
        struct eidc_err err = {0};
        uint64_t winner = 0;
        assert_false(put_image(bad, false, 1, "a", 1000, &winner, &err));
        if (strstr(err.text, "cannot make folder /") == NULL)
            fail_msg("%s: %s", places[i], err.text);
        bad->ops->destroy(bad);
    }
}

static void a_file_in_place_of_the_directory_is_told(void **state)
{
    (void)state;
    struct eidc_err err = {0};
    struct eidc_image *image = NULL;
    struct eidc_pointer pointer;
    uint64_t number = 77;
    struct eidc_store *bad = open_store("/dev/null", 3);
    assert_false(bad->ops->load(bad, &image, &pointer, &err));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_false(bad->ops->peek(bad, &number, &err));
    assert_int_equal(err.kind, EIDC_ERR_IO);
    assert_int_equal(number, 77);
    bad->ops->destroy(bad);
}

static void urls(void **state)
{
    (void)state;
    struct eidc_store *slashes = open_store("/var/lib/eidcached//", 1);
    assert_string_equal(slashes->url, "file:///var/lib/eidcached");
    slashes->ops->destroy(slashes);
    struct eidc_store *root = open_store("/", 1);
    assert_string_equal(root->url, "file:///");
    root->ops->destroy(root);
    char *here EIDC_AUTO_FREE = getcwd(NULL, 0);
    char *want EIDC_AUTO_FREE = eidc_xprintf("file://%s/snapshots", here);
    struct eidc_store *relative = open_store("snapshots", 1);
    assert_string_equal(relative->url, want);
    relative->ops->destroy(relative);
    struct eidc_err err = {0};
    struct eidc_store *none = NULL;
    assert_false(eidc_store_dir_new("", 1, &none, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_directory_has_nothing),
        CASE(what_is_saved_is_loaded),
        CASE(documents_are_written_when_asked_for),
        CASE(the_link_follows_the_newest),
        CASE(a_failed_refresh_leaves_only_its_summary),
        CASE(folders_in_the_place_of_documents),
        CASE(a_link_in_the_place_of_the_images),
        CASE(a_touch_moves_only_times),
        CASE(a_touch_of_nothing_saves),
        CASE(saving_the_same_again_moves_times),
        CASE(a_damaged_image_is_mended_by_saving_it_again),
        CASE(it_never_goes_backwards),
        CASE(a_damaged_current_keeps_its_number),
        CASE(writers_at_once_leave_one_good_winner),
        CASE(a_damaged_image_falls_back),
        CASE(a_truncated_image_falls_back),
        CASE(a_missing_image_falls_back),
        CASE(a_damaged_current_falls_back),
        CASE(a_current_that_is_a_pipe_is_replaced),
        CASE(another_image_under_the_name_is_not_taken),
        CASE(an_image_under_a_wrong_name_is_not_taken),
        CASE(everything_damaged_is_told),
        CASE(only_the_newest_are_kept),
        CASE(the_current_image_is_always_kept),
        CASE(keep_zero_keeps_one),
        CASE(strays_of_a_crash_are_removed_and_other_files_are_not),
        CASE(no_temporary_file_is_left),
        CASE(a_held_lock_is_waited_for_and_then_told),
        CASE(what_cannot_be_written_leaves_current_in_force),
        CASE(a_place_that_cannot_be_a_directory),
        CASE(a_file_in_place_of_the_directory_is_told),
        CASE(urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
