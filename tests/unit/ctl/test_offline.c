/* What needs no daemon: compute, and images. */
#include <unistd.h>

#include "eidcached/base/file.h"
#include "tests/unit/ctl/run.h"

#define SALES "e04eb29020eaa961e99d3162635e9fe9"
#define A     "ca978112ca1bbdcafac231b39a23dc4d"

static char folder[] = "/tmp/test-eidctl-XXXXXX";
static char image[sizeof folder + 16], names[sizeof folder + 16], key[sizeof folder + 16];

static void write_file(const char *path, struct eidc_str text)
{
    struct eidc_err err;
    assert_true(eidc_file_write(path, text, 0644, &err));
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(image, sizeof image, "%s/n.eidc", folder);
    snprintf(names, sizeof names, "%s/names", folder);
    snprintf(key, sizeof key, "%s/key", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(image);
    unlink(names);
    unlink(key);
    return rmdir(folder);
}

static void compute(void **state)
{
    (void)state;
    RUN_AUTO one = RUN("compute", "sales");
    assert_int_equal(one.code, 0);
    assert_string_equal(one.out, SALES "\n");
    RUN_AUTO two = RUN("compute", "sales", "a");
    assert_string_equal(two.out, "sales\t" SALES "\na\t" A "\n");
    RUN_AUTO lines = PIPE("sales\n\na", "compute", "-");
    assert_string_equal(lines.out, "sales\t" SALES "\na\t" A "\n");
    RUN_AUTO both = PIPE("a\n", "compute", "sales", "-", "sales");
    assert_string_equal(both.out, "sales\t" SALES "\na\t" A "\nsales\t" SALES "\n");
    RUN_AUTO crlf = PIPE("\xef\xbb\xbfsales\r\n\r\na\r\n", "compute", "-");
    assert_string_equal(crlf.out, "sales\t" SALES "\na\t" A "\n");
    RUN_AUTO json = RUN("compute", "-o", "json", "tab\t\"");
    says(json.out, "{\"name\":\"tab\\t\\\"\",\"eid\":\"");
}

static void compute_other_schemes(void **state)
{
    (void)state;
    RUN_AUTO base32 = RUN("compute", "--encoding", "base32", "--prefix", "e-", "sales");
    assert_string_equal(base32.out, "e-4bhlfeba5kuwd2m5gfrggxu75e\n");
    RUN_AUTO md5 = RUN("compute", "--algorithm", "MD5", "größe.表");
    assert_string_equal(md5.out, "68ace12ffbee514630cf3249f0c7ec69\n");
    write_file(key, EIDC_STR("key-1\n"));
    RUN_AUTO keyed = RUN("compute", "--key-file", key, "sales");
    assert_string_equal(keyed.out, "c2e61e4ba521246bb3bb1fd39b3d4a10\n");
}

static void compute_refuses(void **state)
{
    (void)state;
    RUN_AUTO line = PIPE("a\nb\xff\n", "compute", "-");
    assert_int_equal(line.code, 2);
    assert_string_equal(line.out, "a\t" A "\n");
    says(line.err, "eidctl: compute: line 2 of standard input is no name");
    RUN_AUTO missing = RUN("compute", "--key-file", "/proc/nonexistent/key", "sales");
    assert_int_equal(missing.code, 1);
    says(missing.err, "--key-file");
    says(missing.err, "/proc/nonexistent/key");
    write_file(key, EIDC_STR("\n"));
    RUN_AUTO empty = RUN("compute", "--key-file", key, "sales");
    assert_int_equal(empty.code, 1);
    says(empty.err, "--key-file: ");
    says(empty.err, "is empty");
}

static void control_characters_stay_off_a_terminal(void **state)
{
    (void)state;
    RUN_AUTO pipe = run_io("", false, NULL, ARGS("compute", "--bits", "32", "a\033[31m", "b"));
    says(pipe.out, "a\033[31m\t");
    RUN_AUTO terminal = run_io("", true, NULL, ARGS("compute", "--bits", "32", "a\033[31m", "b"));
    says(terminal.out, "a?[31m\t");
}

static void build_from(const char *text)
{
    RUN_AUTO r = PIPE(text, "image", "build", "-O", image);
    assert_string_equal(r.err, "");
    assert_int_equal(r.code, 0);
}

static void image_of_a_file(void **state)
{
    (void)state;
    write_file(names, EIDC_STR("sales\na\n\nsales\n"));
    RUN_AUTO built = RUN("image", "build", "-O", image, names);
    assert_int_equal(built.code, 0);
    says(built.out, image);
    says(built.out, ": 2 names, ");
    RUN_AUTO positional = RUN("image", "build", names, image, "-o", "json");
    assert_int_equal(positional.code, 0);
    says(positional.out, "\"names\":2,");
    RUN_AUTO info = RUN("image", "info", image);
    assert_int_equal(info.code, 0);
    says(info.out, "names       2 (2 entries, 0 with");
    says(info.out, "EIDs        sha256/128 hex\n");
    says(info.out, "file / file, as of 2");
    RUN_AUTO json = RUN("image", "info", "-o", "json", image);
    says(json.out, "\"names\":2,\"entries\":2,\"text_entries\":0,");
    says(json.out, "\"scheme\":\"sha256/128 hex\",\"scopes\":[{\"source\":\"file\",");
    RUN_AUTO good = RUN("image", "verify", image);
    assert_int_equal(good.code, 0);
    says(good.out, "good: id ");
}

static void image_is_reproducible(void **state)
{
    (void)state;
    char before[17];
    build_from("a\nb\nc\n");
    RUN_AUTO one = RUN("image", "info", image);
    memcpy(before, strchr(one.out, ' ') + 10, 16);
    before[16] = '\0';
    build_from("c\na\nb\na");
    RUN_AUTO two = RUN("image", "info", image);
    says(two.out, before);
}

static void image_look_ups(void **state)
{
    (void)state;
    build_from("sales\na\n");
    RUN_AUTO one = RUN("forward", "--image", image, "sales");
    assert_int_equal(one.code, 0);
    assert_string_equal(one.out, SALES "\n");
    RUN_AUTO back = RUN("reverse", "--image", image, "E04EB29020EAA961E99D3162635E9FE9");
    assert_int_equal(back.code, 0);
    assert_string_equal(back.out, "sales\n");
    RUN_AUTO lookup = RUN("image", "lookup", image, "sales", "a");
    assert_string_equal(lookup.out, "sales\t" SALES "\na\t" A "\n");
    RUN_AUTO reverse = PIPE(A "\n", "image", "lookup", "--reverse", image, "-");
    assert_string_equal(reverse.out, A "\ta\n");
    RUN_AUTO json = RUN("image", "lookup", "--reverse", "-o", "json", image, A);
    assert_string_equal(json.out, "{\"eid\":\"" A "\",\"name\":\"a\"}\n");
}

static void misses_are_4(void **state)
{
    (void)state;
    build_from("sales\n");
    RUN_AUTO one = RUN("forward", "--image", image, "sale");
    assert_int_equal(one.code, 4);
    assert_string_equal(one.out, "");
    assert_string_equal(one.err, "eidctl: forward: not found: sale\n");
    RUN_AUTO two = RUN("forward", "--image", image, "sale", "sales");
    assert_int_equal(two.code, 4);
    assert_string_equal(two.out, "sale\t\nsales\t" SALES "\n");
    assert_string_equal(two.err, "");
    RUN_AUTO json = RUN("reverse", "--image", image, "-o", "json", "sale");
    assert_int_equal(json.code, 4);
    assert_string_equal(json.out, "{\"eid\":\"sale\",\"name\":null}\n");
}

static void a_miss_names_the_command_and_the_other_way(void **state)
{
    (void)state;
    build_from("sales\n");
    RUN_AUTO name = RUN("image", "lookup", image, "sale");
    assert_string_equal(name.err, "eidctl: image lookup: not found: sale\n");
    RUN_AUTO eid = RUN("image", "lookup", image, SALES);
    assert_int_equal(eid.code, 4);
    says(eid.err, SALES "; an EID is looked up with --reverse");
    RUN_AUTO reversed = RUN("image", "lookup", "--reverse", image, "sales");
    says(reversed.err, "sales; a name is looked up without --reverse");
    RUN_AUTO forward = RUN("forward", "--image", image, SALES);
    says(forward.err, SALES "; an EID is looked up with `eidctl reverse`");
    RUN_AUTO reverse = RUN("reverse", "--image", image, "sales");
    says(reverse.err, "reverse: not found: sales; a name is looked up with `eidctl forward`");
    RUN_AUTO unknown = RUN("reverse", "--image", image, A);
    assert_string_equal(unknown.err, "eidctl: reverse: not found: " A "\n");
}

static void a_key_file_is_the_daemons(void **state)
{
    (void)state;
    char *text = calloc(1, EIDC_EID_KEY_MAX + 2);
    char path[] = "/tmp/eidc-test-ctl-key-XXXXXX";
    struct eidc_err err;
    int fd = mkstemp(path);
    assert_true(text != NULL && fd >= 0 && close(fd) == 0);
    memset(text, 'k', EIDC_EID_KEY_MAX + 1);
    assert_true(eidc_file_write(path, eidc_str_of(text), 0600, &err));
    RUN_AUTO r = RUN("compute", "--key-file", path, "sales");
    assert_int_equal(r.code, 1);
    says(r.err, "compute: --key-file: ");
    says(r.err, "longer than 4096 bytes");
    unlink(path);
    free(text);
}

/* More keys than a batch; the answers stay in order. */
static void many_keys(void **state)
{
    (void)state;
    EIDC_BUF_AUTO lines = {0};
    for (int i = 0; i < 25000; i++)
        eidc_buf_addf(&lines, "name_%05d\n", i);
    build_from(lines.p);
    RUN_AUTO r = PIPE(lines.p, "forward", "--image", image, "-");
    assert_int_equal(r.code, 0);
    const char *at = r.out;
    for (int i = 0; i < 25000; i++) {
        char start[16];
        snprintf(start, sizeof start, "name_%05d\t", i);
        assert_memory_equal(at, start, strlen(start));
        at = strchr(at, '\n') + 1;
    }
    assert_int_equal(*at, '\0');
}

/* As the daemon takes it from a file: another EID would be an EID of nothing. */
static void lines_of_other_systems(void **state)
{
    (void)state;
    build_from("\xef\xbb\xbfsales\r\na\r\n");
    RUN_AUTO list = RUN("image", "list", image);
    assert_string_equal(list.out, "a\t" A "\nsales\t" SALES "\n");
    RUN_AUTO forward = PIPE("\xef\xbb\xbfsales\r\na\r\n", "forward", "--image", image, "-");
    assert_string_equal(forward.out, "sales\t" SALES "\na\t" A "\n");
    RUN_AUTO reverse = PIPE("\xef\xbb\xbf" A "\r\n", "reverse", "--image", image, "-");
    assert_string_equal(reverse.out, A "\ta\n");
}

static void what_cannot_be_built(void **state)
{
    (void)state;
    unlink(image);
    write_file(names, EIDC_STR("a\nb\xff\n"));
    RUN_AUTO bad = RUN("image", "build", "-O", image, names);
    assert_int_equal(bad.code, 1);
    says(bad.err, "line 2 of ");
    says(bad.err, names);
    says(bad.err, "is no name: it is not valid UTF-8; mend that line or delete it\n");
    RUN_AUTO none = RUN("image", "build", "-O", image, "/proc/nonexistent/names");
    assert_int_equal(none.code, 1);
    says(none.err, "/proc/nonexistent/names");
    RUN_AUTO nowhere = PIPE("a\n", "image", "build", "-O", "/proc/nonexistent/n.eidc");
    assert_int_equal(nowhere.code, 1);
    says(nowhere.err, "/proc/nonexistent/");
    RUN_AUTO twice = RUN("image", "build", "-O", image, names, image);
    assert_int_equal(twice.code, 2);
    assert_int_not_equal(access(image, F_OK), 0);
}

static void what_is_no_image(void **state)
{
    (void)state;
    write_file(names, EIDC_STR("a\n"));
    RUN_AUTO text = RUN("image", "info", names);
    assert_int_equal(text.code, 1);
    says(text.err, names);
    RUN_AUTO none = RUN("image", "verify", "/proc/nonexistent/n.eidc");
    assert_int_equal(none.code, 1);
    says(none.err, "/proc/nonexistent/n.eidc");
    RUN_AUTO packed = RUN("image", "info", "/proc/nonexistent/n.eidc.zst");
    says(packed.err, "zstd -d");
    RUN_AUTO lookup = RUN("forward", "--image", names, "a");
    assert_int_equal(lookup.code, 1);
}

static void damage_is_found(void **state)
{
    (void)state;
    EIDC_BUF_AUTO bytes = {0};
    struct eidc_err err;
    build_from("sales_prod.orders\nsales_prod.returns\n");
    assert_true(eidc_file_read(image, 1 << 20, &bytes, &err));
    char *at = memmem(bytes.p, bytes.n, "sales_prod", 10);
    assert_non_null(at);
    at[2] ^= 4;
    write_file(image, eidc_buf_view(&bytes));
    RUN_AUTO r = RUN("image", "verify", image);
    assert_int_equal(r.code, 1);
    says(r.err, image);
    assert_string_equal(r.out, "");
}

static void keyed_images(void **state)
{
    (void)state;
    write_file(key, EIDC_STR("key-1\n"));
    RUN_AUTO built = PIPE("sales\n", "image", "build", "-O", image, "--key-file", key);
    assert_int_equal(built.code, 0);
    RUN_AUTO found = RUN("forward", "--image", image, "sales");
    assert_string_equal(found.out, "c2e61e4ba521246bb3bb1fd39b3d4a10\n");
    RUN_AUTO good = RUN("image", "verify", "--key-file", key, image);
    assert_int_equal(good.code, 0);
    RUN_AUTO without = RUN("image", "verify", image);
    assert_int_equal(without.code, 0);
    says(without.out, "for want of --key-file");
    write_file(key, EIDC_STR("key-2\n"));
    RUN_AUTO wrong = RUN("image", "verify", "--key-file", key, image);
    assert_int_equal(wrong.code, 1);
    assert_null(strstr(wrong.err, "key-2\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compute),
        cmocka_unit_test(compute_other_schemes),
        cmocka_unit_test(compute_refuses),
        cmocka_unit_test(control_characters_stay_off_a_terminal),
        cmocka_unit_test(image_of_a_file),
        cmocka_unit_test(image_is_reproducible),
        cmocka_unit_test(image_look_ups),
        cmocka_unit_test(misses_are_4),
        cmocka_unit_test(a_miss_names_the_command_and_the_other_way),
        cmocka_unit_test(a_key_file_is_the_daemons),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(lines_of_other_systems),
        cmocka_unit_test(what_cannot_be_built),
        cmocka_unit_test(what_is_no_image),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(keyed_images),
    };
    return cmocka_run_group_tests_name("ctl.offline", tests, setup, teardown);
}
