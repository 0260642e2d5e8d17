#include "eidcached/adapters/source_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/base/file.h"

/* What the sink was told: "scope file listed", then names and notes, one a line each. */
struct told {
    struct eidc_buf names, notes;
    unsigned scopes, dones;
    enum eidc_scope_result result;
    struct eidc_err err;
};

static char folder[] = "/tmp/eidc-source-file-XXXXXX";
static char path[sizeof(folder) + 16];

static void on_scope(void *arg, const struct eidc_source *source, struct eidc_str scope,
                     enum eidc_scope_result result, struct eidc_names *names,
                     const struct eidc_err *err)
{
    struct told *told = arg;
    struct eidc_str name, eid;
    size_t at = 0;
    assert_string_equal(source->name, "people");
    assert_true(eidc_str_eq(scope, EIDC_STR("file")));
    assert_int_equal(told->dones, 0);
    told->scopes++;
    told->result = result;
    if (result != EIDC_SCOPE_LISTED) {
        assert_null(names);
        told->err = *err;
        return;
    }
    assert_null(err);
    while (eidc_names_next(names, &at, &name, &eid)) {
        assert_int_equal(eid.n, 0);
        eidc_buf_add_str(&told->names, name);
        eidc_buf_add_byte(&told->names, '\n');
    }
    eidc_names_free(names);
}

static void on_note(void *arg, const struct eidc_source *source, const char *text)
{
    struct told *told = arg;
    assert_string_equal(source->type, "file");
    eidc_buf_addf(&told->notes, "%s\n", text);
}

static void on_done(void *arg, const struct eidc_source *source)
{
    (void)source;
    ((struct told *)arg)->dones++;
}

static void list(const char *file, const struct eidc_filter *filter, uint64_t max_names,
                 struct told *told)
{
    const struct eidc_source_sink sink = {
        .arg = told, .scope = on_scope, .note = on_note, .done = on_done};
    struct eidc_source *source = NULL;
    struct eidc_err err = {0};
    assert_true(eidc_source_file_new("people", file, filter, max_names, &source, &err));
    source->ops->begin(source, &sink);
    source->ops->cancel(source);
    source->ops->destroy(source);
    assert_int_equal(told->scopes, 1);
    assert_int_equal(told->dones, 1);
}

static void forget(struct told *told)
{
    eidc_buf_free(&told->names);
    eidc_buf_free(&told->notes);
}
#define TOLD_AUTO __attribute__((cleanup(forget))) struct told

static void put(struct eidc_str text)
{
    struct eidc_err err = {0};
    if (!eidc_file_write(path, text, 0600, &err))
        fail_msg("%s", err.text);
}

static void gives(struct eidc_str text, const char *names, const char *notes)
{
    TOLD_AUTO told = {0};
    put(text);
    list(path, NULL, 0, &told);
    assert_int_equal(told.result, EIDC_SCOPE_LISTED);
    assert_string_equal(eidc_buf_view(&told.names).p, names);
    if (notes[0] == '\0')
        assert_int_equal(told.notes.n, 0);
    else if (told.notes.p == NULL || strstr(told.notes.p, notes) == NULL)
        fail_msg("\"%s\" says nothing of \"%s\"", eidc_buf_view(&told.notes).p, notes);
}

static void refused(const char *file, uint64_t max_names, enum eidc_err_kind kind, const char *why)
{
    TOLD_AUTO told = {0};
    list(file, NULL, max_names, &told);
    assert_int_equal(told.result, EIDC_SCOPE_FAILED);
    assert_int_equal(told.err.kind, kind);
    if (strstr(told.err.text, why) == NULL)
        fail_msg("\"%s\" says nothing of \"%s\"", told.err.text, why);
}

static void lines(void **state)
{
    (void)state;
    gives(EIDC_STR("sales\norders\n"), "sales\norders\n", "");
    gives(EIDC_STR("sales\r\norders\r\n"), "sales\norders\n", "");
    gives(EIDC_STR("sales\norders"), "sales\norders\n", "");
    gives(EIDC_STR("sales\r\norders\r"), "sales\norders\n", "");
    gives(EIDC_STR("\n\r\nsales\n\n\n"), "sales\n", "");
    gives(EIDC_STR(" with space \ncaf\xc3\xa9\n"), " with space \ncaf\xc3\xa9\n", "");
    gives(EIDC_STR(""), "", "");
    gives(EIDC_STR("\n"), "", "");
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    gives(EIDC_STR("\xef\xbb\xbfsales\n"), "sales\n", "");
    gives(EIDC_STR("\xef\xbb\xbf\r\nsales\n"), "sales\n", "");
    gives(EIDC_STR("\xef\xbb\xbf"), "", "");
    gives(EIDC_STR("a\n\xef\xbb\xbf"
                   "b\n"),
          "a\n\xef\xbb\xbf"
          "b\n",
          "");
}

static void duplicates_are_left_to_the_builder(void **state)
{
    (void)state;
    gives(EIDC_STR("b\na\nb\n"), "b\na\nb\n", "");
}

static void lines_that_are_not_names(void **state)
{
    (void)state;
    gives(EIDC_STR("good\nb\xff\nfine\n"), "good\nfine\n", "line 2 is not valid UTF-8");
    gives(EIDC_STR("\n\na\0b\nfine"), "fine\n", "line 3 holds a NUL");
}

/* It keeps the entries it had: this is no list that has become empty. */
static void a_file_without_one_name_fails(void **state)
{
    (void)state;
    put(EIDC_STR("\xff\xfes\0a\0l\0e\0s\0\r\0\n\0"));
    refused(path, 0, EIDC_ERR_INVALID, "/names: no line of it is a name");
    put(EIDC_STR("\n\xff\n\r\n"));
    refused(path, 0, EIDC_ERR_INVALID, "no line of it is a name");
}

static void over_long_lines(void **state)
{
    (void)state;
    static const size_t lengths[] = {2049, 65535, 65536, 65537, 131072, 300001};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        EIDC_BUF_AUTO text = {0};
        eidc_buf_add_z(&text, "first\n\xef\xbb\xbf");
        memset(eidc_buf_reserve(&text, lengths[i]), 'x', lengths[i]);
        eidc_buf_commit(&text, lengths[i]);
        eidc_buf_add_z(&text, "\r\nlast\n");
        gives(eidc_buf_view(&text), "first\nlast\n", "line 2 is longer than 2048 bytes");
        eidc_buf_truncate(&text, text.n - strlen("\r\nlast\n"));
        gives(eidc_buf_view(&text), "first\n", "line 2 is longer than 2048 bytes");
    }
}

static void names_of_any_length_cross_blocks_unharmed(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    for (int i = 0; i < 30000; i++)
        eidc_buf_addf(&text, "%0*d\n", 1 + i * 37 % 2048, i);
    gives(eidc_buf_view(&text), text.p, "");
}

static void notes_do_not_flood(void **state)
{
    (void)state;
    EIDC_BUF_AUTO text = {0};
    TOLD_AUTO told = {0};
    for (int i = 0; i < 1000; i++)
        eidc_buf_add_z(&text, "\xff\n");
    put(eidc_buf_view(&text));
    list(path, NULL, 0, &told);
    assert_int_equal(told.result, EIDC_SCOPE_FAILED);
    assert_non_null(strstr(told.notes.p, "line 10 "));
    assert_null(strstr(told.notes.p, "line 11 "));
    assert_non_null(strstr(told.notes.p, "990 more lines"));
}

static void the_filter_holds_names_back(void **state)
{
    (void)state;
    static char sales[] = "sales_*", tmp[] = "*_tmp";
    char *include[] = {sales}, *exclude[] = {tmp};
    const struct eidc_filter filter = {include, exclude, 1, 1};
    TOLD_AUTO told = {0};
    put(EIDC_STR("sales_a\nother\nsales_tmp\nsales_b\n"));
    list(path, &filter, 2, &told);
    assert_int_equal(told.result, EIDC_SCOPE_LISTED);
    assert_string_equal(told.names.p, "sales_a\nsales_b\n");
    assert_int_equal(told.notes.n, 0);
}

static void a_filter_that_passes_nothing_is_told_of(void **state)
{
    (void)state;
    static char prod[] = "prod_*";
    char *include[] = {prod};
    const struct eidc_filter filter = {include, NULL, 1, 0};
    TOLD_AUTO told = {0};
    TOLD_AUTO empty = {0};
    put(EIDC_STR("sales_a\nsales_b\n"));
    list(path, &filter, 2, &told);
    assert_int_equal(told.result, EIDC_SCOPE_LISTED);
    assert_int_equal(told.names.n, 0);
    assert_non_null(strstr(told.notes.p, "/names: none of its 2 names passes include and exclude"));
    put(EIDC_STR("\n"));
    list(path, &filter, 2, &empty);
    assert_int_equal(empty.result, EIDC_SCOPE_LISTED);
    assert_int_equal(empty.notes.n, 0);
}

static void too_many_names_fail_the_scope(void **state)
{
    (void)state;
    TOLD_AUTO told = {0};
    put(EIDC_STR("a\nb\nc\n"));
    list(path, NULL, 3, &told);
    assert_int_equal(told.result, EIDC_SCOPE_LISTED);
    refused(path, 2, EIDC_ERR_LIMIT, "max_names (2)");
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    char fifo[sizeof(path) + 8];
    snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refused(fifo, 0, EIDC_ERR_INVALID, "not a regular file");
    refused(folder, 0, EIDC_ERR_INVALID, "not a regular file");
    refused("/dev/zero", 0, EIDC_ERR_INVALID, "not a regular file");
    refused("/proc/nonexistent/names", 0, EIDC_ERR_IO, "/proc/nonexistent/names: No such file");
    put(EIDC_STR("a\n"));
    char below[sizeof(path) + 8];
    snprintf(below, sizeof(below), "%s/x", path);
    refused(below, 0, EIDC_ERR_IO, "Not a directory");
    unlink(fifo);
}

static void a_source_needs_a_path(void **state)
{
    (void)state;
    struct eidc_source *source = NULL;
    struct eidc_err err = {0};
    assert_false(eidc_source_file_new("people", "", NULL, 0, &source, &err));
    assert_int_equal(err.kind, EIDC_ERR_INVALID);
    assert_null(source);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/names", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(duplicates_are_left_to_the_builder),
        cmocka_unit_test(lines_that_are_not_names),
        cmocka_unit_test(a_file_without_one_name_fails),
        cmocka_unit_test(over_long_lines),
        cmocka_unit_test(names_of_any_length_cross_blocks_unharmed),
        cmocka_unit_test(notes_do_not_flood),
        cmocka_unit_test(the_filter_holds_names_back),
        cmocka_unit_test(a_filter_that_passes_nothing_is_told_of),
        cmocka_unit_test(too_many_names_fail_the_scope),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(a_source_needs_a_path),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
