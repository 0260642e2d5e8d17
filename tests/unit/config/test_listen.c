#include "eidcached/config/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_entries(void **state)
{
    static const struct {
        const char *entry, *place, *group;
        unsigned threads, mode;
    } cases[] = {
        {"127.0.0.1:8627", "127.0.0.1:8627", NULL, 0, 0660},
        {"[::1]:1?threads=4", "[::1]:1", NULL, 4, 0660},
        {"systemd?threads=256", "systemd", NULL, 256, 0660},
        {"unix:/run/x.sock", "unix:/run/x.sock", NULL, 0, 0660},
        {"unix:/run/x.sock?mode=0666&group=web&threads=1", "unix:/run/x.sock", "web", 1, 0666},
        {"unix:/run/x?group=12&mode=600&group=13", "unix:/run/x", "13", 0, 0600},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_LISTEN_AUTO listen = {0};
        struct eidc_err err;
        if (!eidc_listen_parse(cases[i].entry, &listen, &err))
            fail_msg("%s: %s", cases[i].entry, err.text);
        assert_string_equal(listen.place, cases[i].place);
        assert_int_equal(listen.threads, cases[i].threads);
        assert_int_equal(listen.mode, cases[i].mode);
        assert_int_equal(listen.group == NULL, cases[i].group == NULL);
        if (cases[i].group != NULL)
            assert_string_equal(listen.group, cases[i].group);
    }
}

static void test_parts_of_a_place(void **state)
{
    static const struct {
        const char *entry, *host, *port, *path;
        enum eidc_listen_kind kind;
    } cases[] = {
        {"127.0.0.1:8627", "127.0.0.1", "8627", NULL, EIDC_LISTEN_INET},
        {"a-b.c_d:0?threads=1", "a-b.c_d", "0", NULL, EIDC_LISTEN_INET},
        {"[::1]:65535", "::1", "65535", NULL, EIDC_LISTEN_INET},
        {":1", NULL, "1", NULL, EIDC_LISTEN_INET},
        {"*:1", NULL, "1", NULL, EIDC_LISTEN_INET},
        {"unix:/run/x?mode=600", NULL, NULL, "/run/x", EIDC_LISTEN_UNIX},
        {"systemd", NULL, NULL, NULL, EIDC_LISTEN_SYSTEMD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_LISTEN_AUTO listen = {0};
        struct eidc_err err;
        assert_true(eidc_listen_parse(cases[i].entry, &listen, &err));
        assert_int_equal(listen.kind, cases[i].kind);
        const char *got[] = {listen.host, listen.port, listen.path};
        const char *wanted[] = {cases[i].host, cases[i].port, cases[i].path};
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(got[k] == NULL, wanted[k] == NULL);
            if (wanted[k] != NULL)
                assert_string_equal(got[k], wanted[k]);
        }
    }
}

static void test_entries_that_cannot_be(void **state)
{
    static const struct {
        const char *entry, *why;
    } cases[] = {
        {":1?", "threads=N"},
        {":1?threads", "threads=N"},
        {":1?thread=2", "'thread'"},
        {":1?threads=0", "1 to 256"},
        {":1?threads=257", "1 to 256"},
        {":1?threads=-1", "1 to 256"},
        {":1?threads=2&", "threads=N"},
        {":1?mode=0660", "only for unix"},
        {"systemd?group=web", "only for unix"},
        {"unix:/x?mode=", "octal"},
        {"unix:/x?mode=0", "octal"},
        {"unix:/x?mode=000", "octal"},
        {"unix:/x?mode=068", "octal"},
        {"unix:/x?mode=1777", "octal"},
        {"unix:/x?mode=00660", "octal"},
        {"unix:/x?mode=rw-", "octal"},
        {"unix:/x?group=", "group"},
        {"unix:/x?mode=0660?group=web", "octal"},
        {"a:b", "has no port"},
        {"[::1]", "has no port"},
        {"[a]:1", "has no IPv6 address"},
        {"a/b:1", "is not HOST:PORT"},
        {"::1", "is not HOST:PORT"},
        {"unix:x", "absolute"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EIDC_LISTEN_AUTO listen = {0};
        struct eidc_err err;
        if (eidc_listen_parse(cases[i].entry, &listen, &err))
            fail_msg("%s was taken", cases[i].entry);
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].entry, err.text);
        assert_null(listen.place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_parts_of_a_place),
        cmocka_unit_test(test_entries_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
