/* names, changes and wait-ready against a scripted daemon. */
#include "tests/unit/ctl/scripted.h"

#define A "{\"name\":\"a\",\"eid\":\"1\"}"
#define B "{\"name\":\"b\",\"eid\":\"2\",\"eids\":[\"2\",\"3\"]}"
#define C "{\"name\":\"c/\",\"eid\":\"4\"}"

static void names_page_by_page(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.method = "GET",
         .url = BASE "/v1/names?limit=10000",
         .status = 200,
         .body = "{\"names\":[" A "," B "],\"next\":\"b \\u00fc\"}"},
        {.url = BASE "/v1/names?limit=10000&after=b%20%C3%BC",
         .status = 200,
         .body = "{\"names\":[" C "]}"}};
    RUN_AUTO text = PLAY(s, "names");
    assert_int_equal(text.code, 0);
    assert_string_equal(text.out, "a\t1\nb\t2\nb\t3\nc/\t4\n");
    RUN_AUTO json = PLAY(s, "names", "-o", "json");
    assert_string_equal(json.out, A "\n"
                                    "{\"name\":\"b\",\"eid\":\"2\"}\n"
                                    "{\"name\":\"b\",\"eid\":\"3\"}\n" C "\n");
}

static void names_as_asked_for(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.url = BASE "/v1/names?limit=2&prefix=a%26b&after=a%26bc",
         .status = 200,
         .body = "{\"names\":[" A "," C "],\"next\":\"c/\"}"}};
    RUN_AUTO r = PLAY(s, "names", "--prefix", "a&b", "--after", "a&bc", "--limit", "2");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "a\t1\nc/\t4\n");
    static const struct fake_exchange pages[] = {
        {.url = BASE "/v1/names?limit=10000",
         .status = 200,
         .body = "{\"names\":[" A "],\"next\":\"a\"}"},
        {.url = BASE "/v1/names?limit=10000&after=a", .status = 200, .body = "{\"names\":[]}"}};
    RUN_AUTO none_left = PLAY(pages, "names", "--limit", "10001");
    assert_int_equal(none_left.code, 0);
    assert_string_equal(none_left.out, "a\t1\n");
}

static void names_that_do_not_come(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}",
        "[]",
        "{\"names\":[{}]}",
        "{\"names\":[{\"name\":\"a\",\"eid\":null}]}",
        "{\"names\":[{\"name\":\"a\",\"eid\":\"1\",\"eids\":[1]}]}",
        "not JSON"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        const struct fake_exchange s[] = {{.status = 200, .body = bodies[i]}};
        RUN_AUTO r = PLAY(s, "names");
        assert_int_equal(r.code, 1);
        says(r.err, "names: the server's answer");
    }
    static const struct fake_exchange circle[] = {
        {.times = 2, .status = 200, .body = "{\"names\":[" A "],\"next\":\"a\"}"}};
    RUN_AUTO back = PLAY(circle, "names");
    assert_int_equal(back.code, 1);
    says(back.err, "no page of names");
    static const struct fake_exchange refused[] = {
        {.status = 503, .headers = {PROBLEM}, .body = "{\"detail\":\"no generation yet\"}"}};
    RUN_AUTO r = PLAY(refused, "names");
    assert_int_equal(r.code, 1);
    says(r.err, "no generation yet");
}

#define CHANGES                                                                                    \
    "{\"since\":41,\"generation\":43,\"added\":[" A                                                \
    "],\"removed\":[{\"name\":\"d\",\"eid\":\"5\"}]}"

static void changes_since(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {{.method = "GET",
                                              .url = BASE "/v1/changes?wait=0s&since=41",
                                              .status = 200,
                                              .body = CHANGES "\n"}};
    RUN_AUTO text = PLAY(s, "changes", "--since", "41");
    assert_int_equal(text.code, 0);
    assert_string_equal(text.out, "+a\t1\n-d\t5\n");
    assert_string_equal(text.err, "eidctl: changes: last generation 43: go on with --since 43\n");
    RUN_AUTO json = PLAY(s, "changes", "--since", "41", "-o", "json");
    assert_string_equal(json.out, CHANGES "\n");
    assert_string_equal(json.err, ""); /* the document names it */
}

static void changes_waited_for(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.url = BASE "/v1/changes?wait=600s", .status = 200, .body = CHANGES}};
    RUN_AUTO r = PLAY(s, "changes", "--wait=10m");
    assert_int_equal(r.code, 0);
    assert_true(last_timeout_ms > 600 * 1000);
}

/* On and on, from where the last answer ended; a poll without news is not shown. */
static void changes_followed(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.url = BASE "/v1/changes?wait=0s",
         .status = 200,
         .body = "{\"since\":41,\"generation\":41,\"added\":[],\"removed\":[]}"},
        {.url = BASE "/v1/changes?wait=30s&since=41", .status = 200, .body = CHANGES},
        {.url = BASE "/v1/changes?wait=30s&since=43",
         .status = 410,
         .headers = {PROBLEM},
         .body = "{\"detail\":\"read everything again\"}"}};
    RUN_AUTO text = PLAY(s, "changes", "--follow");
    assert_int_equal(text.code, 1);
    assert_string_equal(text.out, "+a\t1\n-d\t5\n");
    says(text.err, "answered 410: read everything again");
    assert_null(strstr(text.err, "go on with")); /* there is no going on */
    RUN_AUTO json = PLAY(s, "changes", "--follow", "-o", "json");
    assert_string_equal(json.out, CHANGES "\n");
}

#define NOTHING_NEW "{\"since\":41,\"generation\":41,\"added\":[],\"removed\":[]}"
#define FROM_41     BASE "/v1/changes?wait=30s&since=41"

static size_t times_said(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* A restart, seen as it is or by a proxy, is told once, and ends nothing. */
static void changes_followed_over_a_restart(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.url = BASE "/v1/changes?wait=0s", .status = 200, .body = NOTHING_NEW},
        {.url = FROM_41, .error = EIDC_ERR_UNAVAILABLE},
        {.url = FROM_41, .error = EIDC_ERR_TIMEOUT},
        {.url = FROM_41, .status = 502, .body = "<html>"},
        {.url = FROM_41, .status = 503, .headers = {PROBLEM}, .body = "{}"},
        {.url = FROM_41, .status = 200, .body = CHANGES},
        {.url = BASE "/v1/changes?wait=30s&since=43", .error = EIDC_ERR_UNAVAILABLE},
        {.url = BASE "/v1/changes?wait=30s&since=43",
         .status = 401,
         .headers = {PROBLEM},
         .body = "{}"}};
    RUN_AUTO r = PLAY(s, "changes", "--follow");
    assert_int_equal(r.code, 1);
    assert_string_equal(r.out, "+a\t1\n-d\t5\n");
    assert_int_equal(times_said(r.err, "is eidcached running at"), 2);
    assert_int_equal(times_said(r.err, "asking again until it answers"), 2);
    says(r.err, "answered 401");
    says(r.err, "\neidctl: changes: last generation 43: go on with --since 43\n");
}

/* Whoever never answered is no daemon that restarts; nor is one that was asked once. */
static void changes_of_one_that_is_not_there(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {{.error = EIDC_ERR_UNAVAILABLE}};
    RUN_AUTO follow = PLAY(s, "changes", "--follow", "--since", "41");
    assert_int_equal(follow.code, 1);
    assert_null(strstr(follow.err, "again"));
    assert_null(strstr(follow.err, "go on"));
    RUN_AUTO once = PLAY(s, "changes", "--since", "41");
    assert_int_equal(once.code, 1);
}

static void changes_that_do_not_come(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}", "{\"since\":1,\"generation\":2}", "x",
        "{\"since\":1,\"generation\":2,\"added\":[],\"removed\":[{\"name\":\"a\"}]}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        const struct fake_exchange s[] = {{.status = 200, .body = bodies[i]}};
        RUN_AUTO r = PLAY(s, "changes", "--since", "1");
        assert_int_equal(r.code, 1);
        says(r.err, "changes: the server's answer");
    }
    RUN_AUTO what = RUN("changes");
    assert_int_equal(what.code, 2);
    says(what.err, "--since, --wait or --follow");
    RUN_AUTO bad = RUN("changes", "--since", "yesterday");
    assert_int_equal(bad.code, 2);
    says(bad.err, "'yesterday'");
}

static void waiting_until_ready(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.method = "GET", .url = BASE "/readyz", .error = EIDC_ERR_UNAVAILABLE},
        {.url = BASE "/readyz", .status = 503, .body = "[-]fresh failed: old\n"},
        {.url = BASE "/readyz", .status = 200, .body = "ok\n"}};
    RUN_AUTO r = PLAY(s, "wait-ready");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "");
    assert_string_equal(r.err, "");
}

/* No waiting for what cannot be asked at all. */
static void never_ready(void **state)
{
    (void)state;
    RUN_AUTO server = RUN("wait-ready", "--server", "http://", "--wait=5s");
    assert_int_equal(server.code, 2);
    says(server.err, "'http://' is no server");
    RUN_AUTO file = RUN("wait-ready", "--token-file", "/proc/nonexistent/t", "--wait=5s");
    assert_int_equal(file.code, 1);
    says(file.err, "eidctl: wait-ready: --token-file: ");
}

static void not_ready_in_time(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.status = 503, .body = "[+]serving ok\n[-]fresh failed: old\n"}};
    RUN_AUTO r = PLAY(s, "wait-ready", "--wait=0s");
    assert_int_equal(r.code, 1);
    assert_string_equal(
        r.err, "eidctl: wait-ready: not ready after 0 s: [+]serving ok [-]fresh failed: old\n");
}

/* A server that says nothing does not hold it beyond its limit. */
static void no_look_takes_longer_than_is_left(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {{.status = 200, .body = "ok\n"}};
    RUN_AUTO r = PLAY(s, "wait-ready", "--wait=5s");
    assert_int_equal(r.code, 0);
    assert_in_range(last_timeout_ms, 1000, 5000);
    RUN_AUTO now = PLAY(s, "wait-ready", "--wait=0s");
    assert_int_equal(now.code, 0);
    assert_int_equal(last_timeout_ms, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_page_by_page),
        cmocka_unit_test(names_as_asked_for),
        cmocka_unit_test(names_that_do_not_come),
        cmocka_unit_test(changes_since),
        cmocka_unit_test(changes_waited_for),
        cmocka_unit_test(changes_followed),
        cmocka_unit_test(changes_followed_over_a_restart),
        cmocka_unit_test(changes_of_one_that_is_not_there),
        cmocka_unit_test(changes_that_do_not_come),
        cmocka_unit_test(waiting_until_ready),
        cmocka_unit_test(never_ready),
        cmocka_unit_test(not_ready_in_time),
        cmocka_unit_test(no_look_takes_longer_than_is_left),
    };
    return cmocka_run_group_tests_name("ctl.lists", tests, NULL, NULL);
}
