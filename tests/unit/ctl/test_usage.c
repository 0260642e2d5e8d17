/* The command line: what is taken, what is refused, and what both say. */
#include "tests/unit/ctl/run.h"

static void help(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "forward", "reverse",     "status",     "refresh",      "health",
        "compute", "image build", "image info", "image verify", "image lookup"};
    RUN_AUTO r = RUN("--help");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.err, "");
    says(r.out, "Exit codes: 0 done, 1 failed, 2 wrong usage, 4 something was not found");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        says(r.out, commands[i]);
}

static void help_of_each_command(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *option;
    } commands[] = {{"forward", NULL, "--image FILE"},
                    {"reverse", NULL, "--server"},
                    {"status", NULL, "-o, --format"},
                    {"refresh", NULL, "--wait[=DURATION]"},
                    {"health", NULL, "--live"},
                    {"compute", NULL, "--key-file"},
                    {"image", "build", "-O, --output FILE"},
                    {"image", "info", "--format"},
                    {"image", "verify", "--key-file"},
                    {"image", "lookup", "--reverse"}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char usage[64];
        RUN_AUTO r =
            RUN(commands[i].first, commands[i].second ? commands[i].second : "--help", "--help");
        assert_int_equal(r.code, 0);
        snprintf(usage, sizeof usage, "Usage: eidctl %s%s%s", commands[i].first,
                 commands[i].second ? " " : "", commands[i].second ? commands[i].second : "");
        says(r.out, usage);
        says(r.out, commands[i].option);
        says(r.out, "Examples:\n  ");
    }
}

static void help_says_how_several_keys_are_answered(void **state)
{
    (void)state;
    RUN_AUTO forward = RUN("help", "forward");
    says(forward.out, "\n\nOne name gives its EIDs alone");
    says(forward.out, "NAME<TAB>EID");
    RUN_AUTO reverse = RUN("help", "reverse");
    says(reverse.out, "\n\nOne EID gives its names alone");
    says(reverse.out, "EID<TAB>NAME");
    for (const char *line = forward.out, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        assert_true(end - line < 130);
}

static void same_help(const char *const *one, const char *const *other)
{
    RUN_AUTO a = run_io("", false, NULL, one);
    RUN_AUTO b = run_io("", false, NULL, other);
    assert_int_equal(a.code, 0);
    assert_string_equal(a.out, b.out);
    assert_string_equal(a.err, "");
}

static void help_is_a_command_too(void **state)
{
    (void)state;
    same_help(ARGS("help"), ARGS("--help"));
    same_help(ARGS("help", "refresh"), ARGS("refresh", "--help"));
    same_help(ARGS("help", "image", "info"), ARGS("image", "info", "--help"));
    same_help(ARGS("help", "image"), ARGS("image", "--help"));
    RUN_AUTO image = RUN("image", "--help");
    says(image.out, "Usage: eidctl image COMMAND");
    says(image.out, "image lookup FILE KEY...");
    assert_null(strstr(image.out, "refresh"));
}

static void version(void **state)
{
    (void)state;
    RUN_AUTO r = RUN("--version");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "eidctl " EIDC_VERSION "\n");
    RUN_AUTO again = RUN("status", "-V");
    assert_string_equal(again.out, r.out);
}

static void wrong_usage(void **state)
{
    (void)state;
    static const struct {
        const char *args[8], *says;
    } bad[] = {
        {{""}, "unknown command ''"},
        {{"forwad", "x"}, "unknown command 'forwad'; did you mean forward?"},
        {{"image-list"}, "unknown command 'image-list'; did you mean image list?"},
        {{"dance", "--help"}, "unknown command 'dance'; see eidctl --help"},
        {{"image"}, "image: needs one of build, info, verify, lookup"},
        {{"image", "dance"}, "unknown command 'image dance'; it is one of build, info, verify"},
        {{"image", "verfy"}, "unknown command 'image verfy'; did you mean image verify?"},
        {{"aws", "lsit"}, "unknown command 'aws lsit'; did you mean aws list?"},
        {{"forward"}, "forward: too few arguments, it takes NAME..."},
        {{"status", "x"}, "status: takes no arguments"},
        {{"image", "info"}, "image info: too few arguments, it takes FILE"},
        {{"image", "info", "a", "b"}, "image info: too many arguments"},
        {{"image", "lookup", "a"}, "image lookup: too few"},
        {{"image", "build", "-"}, "image build: needs one file to write"},
        {{"image", "build", "-O", "/a", "-", "/b"}, "image build: needs one file to write"},
        {{"image", "import", "/a"}, "image import: needs one file to write"},
        {{"image", "import"}, "image import: needs one file to write"},
        {{"image", "list"}, "image list: too few arguments"},
        {{"image", "list", "--limit", "0", "/a"}, "--limit: '0' is no number from 1"},
        {{"image", "list", "--limit", "few", "/a"}, "--limit: 'few' is no number from 1"},
        {{"image", "diff", "/a"}, "image diff: too few arguments"},
        {{"image", "diff", "--after", "a", "/a", "/b"}, "image diff: takes no --after"},
        {{"image", "info", "--prefix", "a", "/a"}, "image info: takes no --prefix"},
        {{"image", "export", "-o", "json", "/a"}, "image export: --format is eidcache or tsv"},
        {{"image", "list", "--format", "tsv", "/a"}, "image list: --format is text or json"},
        {{"image"}, "see eidctl image --help"},
        {{"status", "--colour"}, "unknown or misused option --colour; see eidctl status --help"},
        {{"--colour", "image", "info", "x"}, "see eidctl image info --help"},
        {{"--colour"}, "see eidctl --help"},
        {{"help", "dance"}, "unknown command 'dance'"},
        {{"status", "-x"}, "option -x"},
        {{"status", "--server"}, "--server needs a value"},
        {{"status", "-o", "xml"}, "--format: 'xml' is neither text nor json"},
        {{"status", "--wait"}, "status: takes no --wait; see eidctl status --help"},
        {{"compute", "x", "--image", "f"}, "compute: takes no --image"},
        {{"refresh", "--wait=soon"}, "--wait: 'soon' is no duration"},
        {{"refresh", "--wait="}, "is no duration"},
        {{"refresh", "--wait=3601"}, "is no duration"},
        {{"refresh", "--wait=1d"}, "is no duration"},
        {{"refresh", "--wait=s"}, "is no duration"},
        {{"refresh", "--wait=2h"}, "is no duration such as 30s or 5m, up to 1h"},
        {{"refresh", "--wait", "2h"}, "--wait: '2h' is no duration"},
        {{"refresh", "--wait", "soon"}, "refresh: takes no arguments"},
        {{"refresh", "--wait=-1s"}, "is no duration"},
        {{"refresh", "--accept-shrink=1"}, "unknown or misused option"},
        {{"compute", "x", "--bits", "many"}, "--bits: 'many' is no multiple of 8 from 32 to 512"},
        {{"compute", "x", "--bits", "12"}, "bits: 12 is not a multiple of 8"},
        {{"compute", "x", "--encoding", "base64"}, "'base64' is none of hex, base32, base64url"},
        {{"compute", "x", "--algorithm", "crc32"}, "no digest 'crc32'"},
        {{"compute", "x", "--prefix", "a\nb"}, "prefix: holds a control character"},
        {{"compute", ""}, "argument 1 is no name: it is empty"},
        {{"compute", "a", "b\xff"}, "argument 2 is no name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RUN_AUTO r = run_io("", false, NULL, bad[i].args);
        if (r.code != 2)
            fail_msg("%s %s: code %d", bad[i].args[0], bad[i].args[1], r.code);
        says(r.err, "eidctl: ");
        says(r.err, bad[i].says);
    }
    RUN_AUTO nothing = run_io("", false, NULL, (const char *const[]){NULL});
    assert_int_equal(nothing.code, 2);
    says(nothing.err, "no command given");
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    RUN_AUTO before = RUN("-o", "json", "--bits=32", "compute", "a");
    RUN_AUTO behind = RUN("compute", "a", "--bits", "32", "--format=json");
    assert_int_equal(before.code, 0);
    assert_string_equal(before.out, "{\"name\":\"a\",\"eid\":\"ca978112\"}\n");
    assert_string_equal(behind.out, before.out);
    RUN_AUTO ended = RUN("compute", "--bits", "32", "--", "--bits");
    assert_int_equal(ended.code, 0);
    assert_int_equal(ended.out_n, 9);
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *wait;
        unsigned seconds;
    } waits[] = {{"--wait", 60}, {"--wait=5s", 5}, {"--wait=2m", 120}, {"--wait=1h", 3600}};
    struct eidc_ctl_options o;
    struct eidc_err err;
    unsetenv("EIDCACHE_SERVER");
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        char program[] = "eidctl", wait[16];
        snprintf(wait, sizeof wait, "%s", waits[i].wait);
        char *argv[] = {program, wait, NULL};
        assert_int_equal(eidc_ctl_options_read(2, argv, &o, &err), 2);
        assert_true(o.wait);
        assert_int_equal(o.wait_s, waits[i].seconds);
    }
    char program[] = "eidctl", wait[] = "--wait", seconds[] = "10s", word[] = "refresh";
    char *argv[] = {program, wait, seconds, word, NULL};
    assert_int_equal(eidc_ctl_options_read(4, argv, &o, &err), 3);
    assert_int_equal(o.wait_s, 10);
    assert_string_equal(o.server, "http://127.0.0.1:8627");
    assert_string_equal(o.algorithm, "sha256");
    assert_int_equal(o.bits, 128);
    assert_false(o.json);
}

static void the_environment_names_the_server(void **state)
{
    (void)state;
    char program[] = "eidctl", option[] = "--server=unix:/b";
    char *argv[] = {program, option, NULL};
    struct eidc_ctl_options o;
    struct eidc_err err;
    setenv("EIDCACHE_SERVER", "unix:/a", 1);
    assert_int_equal(eidc_ctl_options_read(1, argv, &o, &err), 1);
    assert_string_equal(o.server, "unix:/a");
    assert_int_equal(eidc_ctl_options_read(2, argv, &o, &err), 2);
    assert_string_equal(o.server, "unix:/b");
    setenv("EIDCACHE_SERVER", "", 1);
    assert_int_equal(eidc_ctl_options_read(1, argv, &o, &err), 1);
    assert_string_equal(o.server, "http://127.0.0.1:8627");
    unsetenv("EIDCACHE_SERVER");
}

static void a_full_disk_is_no_success(void **state)
{
    (void)state;
    char program[] = "eidctl", help_option[] = "--help";
    char *argv[] = {program, help_option, NULL};
    char *text = NULL;
    size_t n;
    struct eidc_ctl_io io = {
        .in = stdin, .out = fopen("/dev/full", "w"), .err = open_memstream(&text, &n)};
    assert_int_equal(eidc_ctl_run(2, argv, &io), 1);
    fclose(io.out);
    fclose(io.err);
    says(text, "output");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help),
        cmocka_unit_test(help_of_each_command),
        cmocka_unit_test(help_says_how_several_keys_are_answered),
        cmocka_unit_test(help_is_a_command_too),
        cmocka_unit_test(version),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(values),
        cmocka_unit_test(the_environment_names_the_server),
        cmocka_unit_test(a_full_disk_is_no_success),
    };
    return cmocka_run_group_tests_name("ctl.usage", tests, NULL, NULL);
}
