/* What asks a daemon, against a scripted one: the requests made, the answers shown, the codes. */
#include "tests/unit/ctl/scripted.h"

#include <unistd.h>

#include "eidcached/base/file.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/status_text.h"

#define SALES "e04eb29020eaa961e99d3162635e9fe9"
#define A     "ca978112ca1bbdcafac231b39a23dc4d"

static void one_name(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.method = "GET",
         .url = BASE "/v1/forward/sales%2F%C3%BC%20%25",
         .has_header = {"!Authorization", "Accept: application/json"},
         .status = 200,
         .body = "{\"name\":\"sales/ü %\",\"eid\":\"" SALES "\"}"}};
    RUN_AUTO r = PLAY(s, "forward", "sales/ü %");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, SALES "\n");
    assert_string_equal(r.err, "");
}

static void several_values_of_one_key(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.method = "GET",
         .url = BASE "/v1/reverse/key-1",
         .status = 200,
         .body = "{\"eid\":\"key-1\",\"name\":\"alias/a\",\"names\":[\"alias/a\",\"alias/b\"]}"}};
    RUN_AUTO text = PLAY(s, "reverse", "key-1");
    assert_int_equal(text.code, 0);
    assert_string_equal(text.out, "alias/a\nalias/b\n");
    RUN_AUTO json = PLAY(s, "reverse", "-o", "json", "key-1");
    assert_string_equal(
        json.out, "{\"eid\":\"key-1\",\"name\":\"alias/a\",\"names\":[\"alias/a\",\"alias/b\"]}\n");
}

static void a_miss(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {{.url = BASE "/v1/forward/none",
                                              .status = 404,
                                              .headers = {PROBLEM},
                                              .body = "{\"status\":404}"}};
    RUN_AUTO text = PLAY(s, "forward", "none");
    assert_int_equal(text.code, 4);
    assert_string_equal(text.out, "");
    assert_string_equal(text.err, "eidctl: forward: not found: none\n");
    RUN_AUTO json = PLAY(s, "-o", "json", "forward", "none");
    assert_int_equal(json.code, 4);
    assert_string_equal(json.out, "{\"name\":\"none\",\"eid\":null}\n");
}

/* A 404 of something else is not an answer. */
static void a_miss_of_another_server(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.status = 404, .headers = {"Content-Type: text/html"}, .body = "<html>"}};
    RUN_AUTO r = PLAY(s, "forward", "none");
    assert_int_equal(r.code, 1);
    says(r.err, "answered 404; is this an eidcached?");
}

static void several_keys(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {
        {.method = "POST",
         .url = BASE "/v1/forward",
         .has_header = {"Content-Type: application/json"},
         .has_body = {"[\"sales\",\"q\\\"\",\"a\"]"},
         .status = 200,
         .body = "{\"generation\":42,\"results\":[{\"name\":\"sales\",\"eid\":\"" SALES "\"},"
                 "{\"name\":\"q\\\"\",\"eid\":null},{\"name\":\"a\",\"eid\":\"" A "\"}]}"}};
    RUN_AUTO text = PLAY(s, "forward", "sales", "q\"", "a");
    assert_int_equal(text.code, 4);
    assert_string_equal(text.out, "sales\t" SALES "\nq\"\t\na\t" A "\n");
    RUN_AUTO json = PLAY(s, "forward", "-o", "json", "sales", "q\"", "a");
    assert_int_equal(json.code, 4);
    assert_string_equal(json.out, "{\"name\":\"sales\",\"eid\":\"" SALES "\"}\n"
                                  "{\"name\":\"q\\\"\",\"eid\":null}\n"
                                  "{\"name\":\"a\",\"eid\":\"" A "\"}\n");
}

static void batches(void **state)
{
    (void)state;
    EIDC_BUF_AUTO lines = {0}, first = {0};
    eidc_buf_add_z(&first, "{\"results\":[");
    for (int i = 0; i <= 10000; i++) {
        eidc_buf_addf(&lines, "k%d\n", i);
        if (i < 10000)
            eidc_buf_addf(&first, "%s{\"name\":\"n%d\"}", i > 0 ? "," : "", i);
    }
    eidc_buf_add_z(&first, "]}");
    const struct fake_exchange s[] = {{.method = "POST",
                                       .url = BASE "/v1/reverse",
                                       .has_body = {"[\"k0\",", ",\"k9999\"]"},
                                       .status = 200,
                                       .body = first.p},
                                      {.method = "POST",
                                       .url = BASE "/v1/reverse",
                                       .has_body = {"[\"k10000\"]"},
                                       .status = 200,
                                       .body = "{\"results\":[{\"name\":\"last\"}]}"}};
    script = s;
    script_n = 2;
    RUN_AUTO r = run_io(lines.p, false, scripted, ARGS("reverse", "-"));
    assert_int_equal(r.code, 0);
    says(r.out, "k0\tn0\n");
    says(r.out, "\nk9999\tn9999\nk10000\tlast\n");
}

static void answers_that_are_not_what_was_asked_for(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "{\"results\":{}}",
        "{\"results\":[]}",
        "{\"results\":[{\"eid\":\"x\"}]}",
        "{\"results\":[{\"eid\":\"x\"},{\"eid\":\"y\"},{\"eid\":\"z\"}]}",
        "{\"results\":[{\"eid\":\"x\"},{\"eid\":7}]}",
        "{\"results\":[{\"eid\":\"x\"},{}]}",
        "{\"results\":[{\"eid\":\"x\"},{\"eid\":\"y\",\"eids\":[]}]}",
        "{\"results\":[{\"eid\":\"x\"},\"y\"]}",
        "{\"results\":[{\"eid\":\"x\"},{\"eid\":\"y\"}]",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const struct fake_exchange s[] = {{.status = 200, .body = bodies[i]}};
        RUN_AUTO many = PLAY(s, "forward", "a", "b");
        assert_int_equal(many.code, 1);
        assert_string_equal(many.out, "");
        says(many.err, "eidctl: forward: the server's answer");
        RUN_AUTO one = PLAY(s, "forward", "a");
        assert_int_equal(one.code, 1);
        assert_string_equal(one.out, "");
    }
}

static void what_the_server_refuses(void **state)
{
    (void)state;
    static const struct {
        struct fake_exchange exchange;
        const char *says;
    } cases[] = {
        {{.status = 503, .headers = {PROBLEM}, .body = "{\"detail\":\"no generation yet\"}"},
         "answered 503: no generation yet; try again later; `eidctl health`"},
        {{.status = 401, .headers = {PROBLEM}, .body = "{\"title\":\"Unauthorized\"}"},
         "answered 401: Unauthorized; give the server's token with --token-file"},
        {{.status = 400, .headers = {PROBLEM}, .body = "{\"detail\":\"line\\nbreak\"}"},
         "answered 400: line?break\n"},
        {{.status = 502, .body = "<html>"}, "answered 502; is this an eidcached?"},
        {{.error = EIDC_ERR_UNAVAILABLE}, "; is eidcached running at " BASE "? see --server"},
        {{.error = EIDC_ERR_TIMEOUT}, "; is eidcached running at " BASE "? see --server"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fake_exchange s[] = {cases[i].exchange};
        RUN_AUTO r = PLAY(s, "status");
        assert_int_equal(r.code, 1);
        assert_string_equal(r.out, "");
        says(r.err, "eidctl: status: ");
        says(r.err, cases[i].says);
    }
}

static void servers(void **state)
{
    (void)state;
    static const struct fake_exchange local[] = {
        {.url = "http://localhost/v1/forward/a", .status = 200, .body = "{\"eid\":\"1\"}"}};
    RUN_AUTO socket = PLAY(local, "--server", "unix:/run/e.sock", "forward", "a");
    assert_int_equal(socket.code, 0);
    assert_string_equal(last_socket, "/run/e.sock");
    assert_true(last_no_proxy);
    static const struct fake_exchange far[] = {
        {.url = "https://e.example:1/base/v1/forward/a", .status = 200, .body = "{\"eid\":\"1\"}"}};
    RUN_AUTO url = PLAY(far, "--server", "https://e.example:1/base/", "forward", "a");
    assert_int_equal(url.code, 0);
    assert_string_equal(last_socket, "");
    assert_false(last_no_proxy);

    static const char *const bad[] = {"localhost:8627", "unix:",      "ftp://x",     "",
                                      "http://",        "https:///x", "http://[::1", "http://a b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        RUN_AUTO r = run_io("", false, scripted, ARGS("--server", bad[i], "status"));
        assert_int_equal(r.code, 2);
        says(r.err, bad[i]);
        says(r.err, "is no server; it must be http://");
    }
}

static void token(void **state)
{
    (void)state;
    char path[] = "/tmp/test-eidctl-token-XXXXXX";
    struct eidc_err err;
    close(mkstemp(path));
    static const struct fake_exchange s[] = {
        {.has_header = {"Authorization: Bearer t0ken"}, .status = 202, .body = "{\"ticket\":1}"}};
    assert_true(eidc_file_write(path, EIDC_STR("t0ken \n"), 0600, &err));
    RUN_AUTO r = PLAY(s, "refresh", "--token-file", path);
    assert_int_equal(r.code, 0);
    assert_true(eidc_file_write(path, EIDC_STR("secret1\nsecret2\n"), 0600, &err));
    RUN_AUTO lines = run_io("", false, scripted, ARGS("refresh", "--token-file", path));
    assert_int_equal(lines.code, 1);
    says(lines.err, "is not one line");
    assert_null(strstr(lines.err, "secret"));
    assert_true(eidc_file_write(path, EIDC_STR("\n"), 0600, &err));
    RUN_AUTO empty = run_io("", false, scripted, ARGS("refresh", "--token-file", path));
    assert_int_equal(empty.code, 1);
    says(empty.err, "--token-file: ");
    says(empty.err, "holds no token");
    unlink(path);
    RUN_AUTO missing = run_io("", false, scripted, ARGS("refresh", "--token-file", path));
    assert_int_equal(missing.code, 1);
    says(missing.err, path);
}

/* A file that lacks something is no wrong usage. */
static void files_for_tls(void **state)
{
    (void)state;
    static const char *const options[] = {"--ca", "--cert", "--key"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        RUN_AUTO r = run_io(
            "", false, scripted,
            ARGS("--server", "https://e.example", options[i], "/proc/nonexistent/f", "status"));
        assert_int_equal(r.code, 1);
        says(r.err, options[i]);
        says(r.err, ": cannot read /proc/nonexistent/f: No such file or directory\n");
    }
    static const struct fake_exchange s[] = {{.error = EIDC_ERR_INVALID}};
    RUN_AUTO r = PLAY(s, "--server", "https://e.example", "--ca", "/dev/null", "status");
    assert_int_equal(r.code, 1);
    says(r.err, "eidctl: status: --ca: ");
}

static void refresh(void **state)
{
    (void)state;
    static const struct fake_exchange started[] = {
        {.method = "POST", .url = BASE "/v1/refresh", .status = 202, .body = "{\"ticket\":3}\n"}};
    RUN_AUTO r = PLAY(started, "refresh");
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "refresh: started\n");
    static const struct fake_exchange ok[] = {
        {.method = "POST",
         .url = BASE "/v1/refresh?wait=120s&accept_shrink=true",
         .status = 200,
         .body = "{\"result\":\"ok\",\"generation\":7,\"names\":250,\"added\":2,\"removed\":1,"
                 "\"error\":null}\n"}};
    RUN_AUTO waited = PLAY(ok, "refresh", "--wait=2m", "--accept-shrink");
    assert_int_equal(waited.code, 0);
    assert_string_equal(waited.out, "refresh: ok, generation 7, 250 names, 2 added, 1 removed\n");
    assert_string_equal(waited.err, "");
    assert_true(last_timeout_ms > 120000);
    RUN_AUTO json = PLAY(ok, "refresh", "--wait=2m", "--accept-shrink", "-o", "json");
    assert_string_equal(json.out, "{\"result\":\"ok\",\"generation\":7,\"names\":250,\"added\":2,"
                                  "\"removed\":1,\"error\":null}\n");
}

/* As the server takes them; in whole seconds, rounded up. */
static void units_of_a_wait(void **state)
{
    static const struct {
        const char *option, *url;
    } waits[] = {{"--wait=90", BASE "/v1/refresh?wait=90s"},
                 {"--wait=90s", BASE "/v1/refresh?wait=90s"},
                 {"--wait=1500ms", BASE "/v1/refresh?wait=2s"},
                 {"--wait=0", BASE "/v1/refresh?wait=0s"},
                 {"--wait=3600000ms", BASE "/v1/refresh?wait=3600s"},
                 {"--wait=1h", BASE "/v1/refresh?wait=3600s"}};
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        const struct fake_exchange s[] = {
            {.url = waits[i].url, .status = 200, .body = "{\"result\":\"ok\"}"}};
        RUN_AUTO r = PLAY(s, "refresh", waits[i].option);
        assert_int_equal(r.code, 0);
    }
}

static void refresh_that_does_not_end_well(void **state)
{
    (void)state;
    static const struct fake_exchange failed[] = {
        {.url = BASE "/v1/refresh?wait=60s",
         .status = 200,
         .body = "{\"result\":\"failed\",\"error\":\"no credentials\"}"}};
    RUN_AUTO r = PLAY(failed, "refresh", "--wait");
    assert_int_equal(r.code, 1);
    says(r.err, "eidctl: refresh: failed: no credentials\n");
    static const struct fake_exchange partial[] = {
        {.status = 200, .body = "{\"result\":\"partial\",\"error\":\"prod: denied\"}"}};
    RUN_AUTO p = PLAY(partial, "refresh", "--wait");
    assert_int_equal(p.code, 0);
    says(p.out, "refresh: partial");
    says(p.err, "prod: denied");
    static const struct fake_exchange held[] = {
        {.status = 200, .body = "{\"result\":\"held\",\"removed\":1,\"held\":50,\"error\":null}"}};
    RUN_AUTO h = PLAY(held, "refresh", "--wait");
    assert_int_equal(h.code, 0); /* it is served, and no command failed */
    assert_string_equal(h.out, "refresh: held, 1 removed, 50 held\n");
    says(h.err, "50 entries have vanished, more than refresh.max_shrink allows, and are held; let");
    says(h.err, "eidctl refresh --accept-shrink");
    RUN_AUTO hj = PLAY(held, "refresh", "--wait", "-o", "json");
    says(hj.err, "eidctl refresh --accept-shrink");
    static const struct fake_exchange unsaved[] = {
        {.status = 200,
         .body = "{\"result\":\"ok\",\"generation\":7,\"error\":\"published, but not saved to "
                 "file:///x: cannot make folder /x\",\"saved\":false}"}};
    RUN_AUTO u = PLAY(unsaved, "refresh", "--wait");
    assert_int_equal(u.code, 1);
    assert_string_equal(u.out, "refresh: ok, generation 7, not saved\n");
    says(u.err, "eidctl: refresh: published, but not saved to file:///x: cannot make folder /x\n");
    RUN_AUTO uj = PLAY(unsaved, "refresh", "--wait", "-o", "json");
    assert_int_equal(uj.code, 1);
    static const struct fake_exchange no_store[] = {
        {.status = 200, .body = "{\"result\":\"ok\",\"error\":null,\"saved\":null}"}};
    RUN_AUTO n = PLAY(no_store, "refresh", "--wait");
    assert_int_equal(n.code, 0);
    assert_string_equal(n.out, "refresh: ok\n");
    static const struct fake_exchange again[] = {
        {.status = 200,
         .body = "{\"result\":\"held\",\"held\":50,\"agreed\":2,\"confirmations\":3}"}};
    RUN_AUTO twice = PLAY(again, "refresh", "--wait");
    says(twice.err, "are held (2 of 3 refreshes agree; the next that does lets them go); let");
    static const struct fake_exchange running[] = {{.status = 202, .body = "{\"ticket\":3}"}};
    RUN_AUTO w = PLAY(running, "refresh", "--wait=1s");
    assert_int_equal(w.code, 1);
    says(w.err, "still running after 1 s");
    static const struct fake_exchange odd[] = {{.status = 200, .body = "[]"}};
    RUN_AUTO o = PLAY(odd, "refresh", "--wait");
    assert_int_equal(o.code, 1);
}

static void health(void **state)
{
    (void)state;
    static const struct fake_exchange ready[] = {
        {.method = "GET", .url = BASE "/readyz?verbose", .status = 200, .body = "[+]fresh ok\n"}};
    RUN_AUTO yes = PLAY(ready, "health");
    assert_int_equal(yes.code, 0);
    assert_string_equal(yes.out, "[+]fresh ok\n");
    static const struct fake_exchange dead[] = {
        {.url = BASE "/livez?verbose", .status = 503, .body = "[-]refresher stuck\n"}};
    RUN_AUTO no = PLAY(dead, "health", "--live");
    assert_int_equal(no.code, 1);
    assert_string_equal(no.out, "[-]refresher stuck\n");
    RUN_AUTO json = PLAY(dead, "health", "--live", "-o", "json");
    assert_int_equal(json.code, 1);
    assert_string_equal(json.out, "{\"healthy\":false,\"status\":503,"
                                  "\"detail\":\"[-]refresher stuck\\n\"}\n");
    static const struct fake_exchange problem[] = {
        {.status = 403, .headers = {PROBLEM}, .body = "{\"detail\":\"foreign host\"}"}};
    RUN_AUTO refused = PLAY(problem, "health");
    assert_int_equal(refused.code, 1);
    says(refused.err, "foreign host");
}

static void status_as_json(void **state)
{
    (void)state;
    static const struct fake_exchange s[] = {{.method = "GET",
                                              .url = BASE "/v1/status",
                                              .status = 200,
                                              .body = "{\"generation\":null}"}};
    RUN_AUTO json = PLAY(s, "status", "-o", "json");
    assert_int_equal(json.code, 0);
    assert_string_equal(json.out, "{\"generation\":null}\n");
    RUN_AUTO text = PLAY(s, "status");
    assert_int_equal(text.code, 0);
    says(text.out, "generation  none yet\n");
    static const char *const others[] = {"up", "null", "[]", "{}", "{\"status\":\"up\"}"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct fake_exchange bad[] = {{.status = 200, .body = others[i]}};
        RUN_AUTO odd = PLAY(bad, "status");
        assert_int_equal(odd.code, 1);
        assert_string_equal(odd.out, "");
    }
}

static void status_for_people(void **state)
{
    (void)state;
    static const char document[] =
        "{\"service\":\"eidcached\",\"version\":\"0.1.0\",\"started_at\":\"2026-11-22T15:00:00Z\","
        "\"generation\":{\"number\":42,\"id\":\"0123456789abcdef\","
        "\"created_at\":\"2026-11-20T14:00:00Z\",\"refreshed_at\":\"2026-11-22T18:00:00Z\","
        "\"verified_at\":\"2026-11-22T17:48:00Z\",\"names\":250,\"bytes\":20480,\"partial\":true},"
        "\"refresh\":{\"state\":\"backing_off\",\"last_result\":\"partial\",\"last_error\":"
        "\"a\\nb\","
        "\"last_duration_seconds\":1.25,\"next_at\":\"2026-11-22T18:04:40Z\",\"history\":[]},"
        "\"sources\":[{\"name\":\"prod\",\"type\":\"aws\",\"scopes\":2,\"failed_scopes\":1,"
        "\"names\":200,\"verified_at\":\"2026-11-22T17:48:00Z\",\"error\":\"denied\"},"
        "{\"name\":\"extra\",\"type\":\"file\",\"scopes\":1,\"failed_scopes\":0,\"names\":50,"
        "\"verified_at\":null,\"error\":null}],"
        "\"guard\":{\"held\":true,\"removals\":120,\"agreed\":1,\"confirmations\":3},"
        "\"stores\":[{\"url\":\"file:///var/lib/eidcached\",\"role\":\"primary\","
        "\"last_saved_at\":\"2026-11-22T17:59:59Z\",\"error\":null},"
        "{\"url\":\"file:///a\",\"last_saved_at\":\"2026-11-22T17:59:59Z\",\"error\":\"full\"},"
        "{\"url\":\"file:///b\",\"last_saved_at\":null,\"error\":\"full\"},"
        "{\"url\":\"file:///c\",\"last_saved_at\":null,\"error\":null}],"
        "\"lookups\":{\"forward\":10,\"reverse\":5,\"misses\":1}}";
    EIDC_CJSON_AUTO *doc = NULL;
    EIDC_BUF_AUTO out = {0};
    struct eidc_err err;
    int64_t now;
    assert_true(eidc_json_parse(eidc_str_of(document), &doc, &err));
    cJSON *now_json = cJSON_AddStringToObject(doc, "now", "2026-11-22T18:00:00Z");
    assert_non_null(now_json);
    assert_true(eidc_json_get_time(doc, "now", &now));
    eidc_ctl_status_text(doc, now, &out);
    assert_string_equal(
        out.p,
        "service     eidcached 0.1.0, up 3 h 0 min\n"
        "generation  42 (0123456789abcdef), 250 names, 20.0 KiB, partial\n"
        "age         everything true 12 min ago, refreshed 0 s ago, changed 2 d 4 h ago\n"
        "refresh     backing off, last partial in 1.2 s, next in 4 min\n"
        "            a?b\n"
        "guard       HELD, 120 names would vanish (1 of 3 refreshes agree); "
        "`eidctl refresh --accept-shrink` lets them go\n"
        "sources     prod (aws), 200 names, 2 scopes, 1 failed, verified 12 min ago: denied\n"
        "            extra (file), 50 names, 1 scope, 0 failed, never verified\n"
        "stores      file:///var/lib/eidcached, saved 1 s ago\n"
        "            file:///a, NOT SAVED: full; last saved 1 s ago\n"
        "            file:///b, NOT SAVED: full\n"
        "            file:///c, not saved yet\n"
        "look-ups    10 forward, 5 reverse, 1 missed\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name),
        cmocka_unit_test(several_values_of_one_key),
        cmocka_unit_test(a_miss),
        cmocka_unit_test(a_miss_of_another_server),
        cmocka_unit_test(several_keys),
        cmocka_unit_test(batches),
        cmocka_unit_test(answers_that_are_not_what_was_asked_for),
        cmocka_unit_test(what_the_server_refuses),
        cmocka_unit_test(servers),
        cmocka_unit_test(token),
        cmocka_unit_test(files_for_tls),
        cmocka_unit_test(refresh),
        cmocka_unit_test(units_of_a_wait),
        cmocka_unit_test(refresh_that_does_not_end_well),
        cmocka_unit_test(health),
        cmocka_unit_test(status_as_json),
        cmocka_unit_test(status_for_people),
    };
    unsetenv("EIDCACHE_SERVER");
    return cmocka_run_group_tests_name("ctl.online", tests, NULL, NULL);
}
