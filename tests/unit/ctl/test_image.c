/* What is in images: list, diff, export, import; and progress. */
#include <unistd.h>

#include "eidcached/base/file.h"
#include "tests/support/build_image.h"
#include "tests/unit/ctl/run.h"

#define SALES "e04eb29020eaa961e99d3162635e9fe9"
#define A     "ca978112ca1bbdcafac231b39a23dc4d"

static char folder[] = "/tmp/test-eidctl-XXXXXX";
static char image[sizeof folder + 16], other[sizeof folder + 16], json[sizeof folder + 16];

static void write_file(const char *path, struct eidc_str text)
{
    struct eidc_err err;
    assert_true(eidc_file_write(path, text, 0644, &err));
}

static void write_image(const char *path, const struct test_entry *entries, size_t n)
{
    struct eidc_image *built = build_image(7, entries, n);
    write_file(path, eidc_image_block(built));
    eidc_image_free(built);
}

static int setup(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {
        {"sales", NULL, NULL},      {"alias/a", "key-1", NULL}, {"alias/a", "key-2", NULL},
        {"alias/b", "key-1", NULL}, {"a", NULL, NULL},
    };
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(image, sizeof image, "%s/n.eidc", folder);
    snprintf(other, sizeof other, "%s/o.eidc", folder);
    snprintf(json, sizeof json, "%s/cache.json", folder);
    write_image(image, entries, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(image);
    unlink(other);
    unlink(json);
    return rmdir(folder);
}

#define ALIASES "alias/a\tkey-1\nalias/a\tkey-2\nalias/b\tkey-1\n"

static void prints(const char *expected, const char *const *args)
{
    RUN_AUTO r = run_io("", false, NULL, args);
    assert_string_equal(r.err, "");
    assert_string_equal(r.out, expected);
    assert_int_equal(r.code, 0);
}
#define PRINTS(expected, ...) prints(expected, ARGS(__VA_ARGS__))

static void list(void **state)
{
    (void)state;
    PRINTS("a\t" A "\n" ALIASES "sales\t" SALES "\n", "image", "list", image);
    PRINTS(ALIASES, "image", "list", "--prefix", "alias/", image);
    PRINTS("", "image", "list", "--prefix", "none", image);
    PRINTS("{\"name\":\"alias/b\",\"eid\":\"key-1\"}\n", "image", "list", "-o", "json", "--prefix",
           "alias/b", image);
}

/* The limit is of names: a page never ends within one. */
static void list_by_pages(void **state)
{
    (void)state;
    PRINTS("a\t" A "\nalias/a\tkey-1\nalias/a\tkey-2\n", "image", "list", "--limit", "2", image);
    PRINTS("alias/b\tkey-1\nsales\t" SALES "\n", "image", "list", "--limit", "2", "--after",
           "alias/a", image);
    PRINTS("alias/b\tkey-1\n", "image", "list", "--prefix", "alias/", "--after", "alias/a", image);
    PRINTS("alias/b\tkey-1\n", "image", "list", "--prefix", "alias/", "--after", "alias/aa", image);
    PRINTS(ALIASES, "image", "list", "--prefix", "alias/", "--after", "a", image);
    PRINTS("", "image", "list", "--after", "sales", image);
    PRINTS("", "image", "list", "--prefix", "a", "--after", "b", image);
}

static void diff(void **state)
{
    (void)state;
    static const struct test_entry entries[] = {{"alias/a", "key-2", NULL},
                                                {"alias/b", "key-1", NULL},
                                                {"a", NULL, NULL},
                                                {"b", "k", NULL}};
    write_image(other, entries, 4);
    PRINTS("-alias/a\tkey-1\n+b\tk\n-sales\t" SALES "\n", "image", "diff", image, other);
    PRINTS("+alias/a\tkey-1\n-b\tk\n+sales\t" SALES "\n", "image", "diff", other, image);
    PRINTS("", "image", "diff", image, image);
    PRINTS("{\"change\":\"removed\",\"name\":\"alias/a\",\"eid\":\"key-1\"}\n"
           "{\"change\":\"added\",\"name\":\"b\",\"eid\":\"k\"}\n"
           "{\"change\":\"removed\",\"name\":\"sales\",\"eid\":\"" SALES "\"}\n",
           "image", "diff", "-o", "json", image, other);
}

static void export_both_ways(void **state)
{
    (void)state;
    PRINTS("a\t" A "\n" ALIASES "sales\t" SALES "\n", "image", "export", "--format", "tsv", image);
    RUN_AUTO r = RUN("image", "export", image);
    assert_int_equal(r.code, 0);
    says(r.out, "{\"forward_dict\":{\"a\":\"" A "\",\"alias/a\":\"key-1\",");
    says(r.out, "\"reverse_dict\":{\"" A "\":\"a\",");
    PRINTS(r.out, "image", "export", "--format", "eidcache", image);
}

static void exports_into(const char *format, const char *path)
{
    RUN_AUTO shown = RUN("image", "export", "--format", format, image);
    EIDC_BUF_AUTO written = {0};
    struct eidc_err err;
    PRINTS("", "image", "export", "-O", path, "--format", format, image);
    assert_true(eidc_file_read(path, SIZE_MAX, &written, &err));
    assert_string_equal(written.p, shown.out);
}

static void export_into_a_file(void **state)
{
    (void)state;
    exports_into("tsv", json);
    exports_into("eidcache", json);
    RUN_AUTO nowhere = RUN("image", "export", "-O", "/proc/nonexistent/x", image);
    assert_int_equal(nowhere.code, 1);
    assert_string_equal(nowhere.out, "");
    says(nowhere.err, "eidctl: image export: ");
    says(nowhere.err, "/proc/nonexistent/x");
}

static void no_image_is_an_error(void **state)
{
    (void)state;
    static const char *const commands[] = {"list", "export", "diff"};
    for (size_t i = 0; i < 3; i++) {
        RUN_AUTO r = run_io("", false, NULL,
                            ARGS("image", commands[i], "/proc/nonexistent", i == 2 ? image : NULL));
        assert_int_equal(r.code, 1);
        assert_string_equal(r.out, "");
        says(r.err, "/proc/nonexistent");
    }
    write_file(json, EIDC_STR("no image"));
    RUN_AUTO second = RUN("image", "diff", image, json);
    assert_int_equal(second.code, 1);
    says(second.err, json);
}

static void shows_nothing_of(const char *path)
{
    const char *const *commands[] = {ARGS("image", "list", path), ARGS("image", "export", path),
                                     ARGS("image", "export", "--format", "tsv", path),
                                     ARGS("image", "diff", path, image),
                                     ARGS("image", "diff", image, path)};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        RUN_AUTO r = run_io("", false, NULL, commands[i]);
        assert_int_equal(r.code, 1);
        assert_string_equal(r.out, "");
        says(r.err, path);
    }
}

static void no_byte_of_it_may_be_damaged(void **state)
{
    (void)state;
    EIDC_BUF_AUTO bytes = {0};
    struct eidc_err err;
    assert_true(eidc_file_read(image, 1 << 20, &bytes, &err));
    for (size_t i = 0; i < bytes.n; i += 7) {
        bytes.p[i] ^= 1;
        write_file(other, eidc_buf_view(&bytes));
        shows_nothing_of(other);
        bytes.p[i] ^= 1;
    }
    char *name = memmem(bytes.p, bytes.n, "sales", 5);
    assert_non_null(name);
    name[0] = 't';
    write_file(other, eidc_buf_view(&bytes));
    RUN_AUTO r = RUN("image", "list", other);
    says(r.err, "o.eidc: image: damaged: its hash is not what it says");
}

/* What an export shows comes back, checksums as checksums. */
static void import(void **state)
{
    (void)state;
    RUN_AUTO exported = RUN("image", "export", image);
    write_file(json, eidc_str_of(exported.out));
    RUN_AUTO r = RUN("image", "import", json, other, "-o", "json");
    assert_string_equal(r.err, "");
    assert_int_equal(r.code, 0);
    says(r.out, "\"names\":4,");
    PRINTS("", "image", "diff", image, other);
    RUN_AUTO info = RUN("image", "info", "-o", "json", other);
    says(info.out, "\"entries\":5,\"text_entries\":3,");
    says(info.out, "\"as_of\":\"2026-11-22T");
    RUN_AUTO good = RUN("image", "verify", other);
    assert_int_equal(good.code, 0);
}

static void import_from_standard_input(void **state)
{
    (void)state;
    RUN_AUTO exported = RUN("image", "export", image);
    RUN_AUTO r = PIPE(exported.out, "image", "import", "-", other);
    assert_string_equal(r.err, "");
    assert_int_equal(r.code, 0);
    PRINTS("", "image", "diff", image, other);
    unlink(other);
    RUN_AUTO unnamed = PIPE(exported.out, "image", "import", "-O", other);
    assert_int_equal(unnamed.code, 0);
    PRINTS("", "image", "diff", image, other);
    RUN_AUTO bad = PIPE("{}", "image", "import", "-", other);
    assert_int_equal(bad.code, 1);
    says(bad.err, "image import: standard input: it has no object forward_dict");
}

static void import_keeps_what_one_side_has(void **state)
{
    (void)state;
    write_file(json, EIDC_STR("{\"forward_dict\":{\"a\":\"" A "\",\"größe\":\"old\"},"
                              "\"reverse_dict\":{\"k\":\"a\",\"old\":\"größe\"},\"more\":[1]}"));
    RUN_AUTO r = RUN("image", "import", "-O", other, json);
    assert_int_equal(r.code, 0);
    PRINTS("a\t" A "\na\tk\ngröße\told\n", "image", "list", other);
    RUN_AUTO scheme = RUN("image", "import", "--bits", "64", "-O", other, json);
    assert_int_equal(scheme.code, 0); /* A is no checksum of this scheme */
    PRINTS("a\t" A "\na\tk\ngröße\told\n", "image", "list", other);
    RUN_AUTO info = RUN("image", "info", "-o", "json", other);
    says(info.out, "\"text_entries\":3,");
}

static void import_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } cases[] = {
        {"", "cache.json"},
        {"[]", "it has no object forward_dict"},
        {"{\"forward_dict\":{}}", "it has no object reverse_dict"},
        {"{\"forward_dict\":[],\"reverse_dict\":{}}", "it has no object forward_dict"},
        {"{\"forward_dict\":{\"a\":1},\"reverse_dict\":{}}", "forward_dict: \"a\" has no text"},
        {"{\"forward_dict\":{\"a\":\"\"},\"reverse_dict\":{}}", "a has an empty EID"},
        {"{\"forward_dict\":{\"\":\"a\"},\"reverse_dict\":{}}", "forward_dict: "},
        {"{\"forward_dict\":{\"a\":\"b\\nc\"},\"reverse_dict\":{}}", "forward_dict: "},
        {"{\"forward_dict\":{\"a\":\"b\",\"a\":\"c\"},\"reverse_dict\":{}}", "cache.json"},
        {"{\"forward_dict\":{},\"reverse_dict\":{}", "cache.json"},
    };
    unlink(other);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(json, eidc_str_of(cases[i].text));
        RUN_AUTO r = RUN("image", "import", json, other);
        assert_int_equal(r.code, 1);
        assert_string_equal(r.out, "");
        says(r.err, "eidctl: image import: ");
        says(r.err, cases[i].problem);
        assert_int_not_equal(access(other, F_OK), 0);
    }
    RUN_AUTO missing = RUN("image", "import", "/proc/nonexistent", other);
    assert_int_equal(missing.code, 1);
    says(missing.err, "/proc/nonexistent");
}

static void progress_on_a_terminal(void **state)
{
    (void)state;
    write_file(json, EIDC_STR("sales\na\n"));
    run_err_terminal = true;
    RUN_AUTO file = RUN("image", "build", json, other);
    RUN_AUTO pipe = PIPE("sales\na\n", "image", "build", "-O", other);
    RUN_AUTO bad = PIPE("sales\n\xff\n", "image", "build", "-O", other);
    run_err_terminal = false;
    assert_int_equal(file.code, 0);
    says(file.err, "\r[###");
    says(file.err, " %  1 name");
    assert_string_equal(file.err + strlen(file.err) - 4, "\r\033[K");
    assert_string_equal(pipe.err, "\r1 name\033[K\r\033[K"); /* its size is unknown */
    assert_int_equal(bad.code, 1);
    says(bad.err, "\r\033[Keidctl: image build: line 2");
    RUN_AUTO silent = RUN("image", "build", json, other);
    assert_string_equal(silent.err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list),
        cmocka_unit_test(list_by_pages),
        cmocka_unit_test(diff),
        cmocka_unit_test(export_both_ways),
        cmocka_unit_test(export_into_a_file),
        cmocka_unit_test(no_image_is_an_error),
        cmocka_unit_test(no_byte_of_it_may_be_damaged),
        cmocka_unit_test(import),
        cmocka_unit_test(import_from_standard_input),
        cmocka_unit_test(import_keeps_what_one_side_has),
        cmocka_unit_test(import_refuses),
        cmocka_unit_test(progress_on_a_terminal),
    };
    return cmocka_run_group_tests_name("ctl.image", tests, setup, teardown);
}
