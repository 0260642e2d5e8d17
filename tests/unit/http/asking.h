#pragma once
/* What the tests of the whole server share: the fixture, the last answer, asking, and looking at
 * what came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/httpd_fixture.h"

static struct httpd_fixture f;
static struct http_answer a;

static inline int set_up_httpd(void **state)
{
    (void)state;
    httpd_fixture_init(&f);
    return 0;
}

static inline int tear_down_httpd(void **state)
{
    (void)state;
    http_answer_free(&a);
    httpd_fixture_stop(&f);
    return 0;
}

/* head: the request line and further headers, each with its \r\n. */
static inline void ask(const char *head)
{
    http_ask(&f, head, &a);
}

static inline void get_path(const char *path, const char *query, const char *headers)
{
    EIDC_BUF_AUTO head = {0};
    eidc_buf_addf(&head, "GET %s%s HTTP/1.1\r\n%s", path, query, headers);
    ask(head.p);
}

static inline void expect_status(unsigned status)
{
    if (a.status != status)
        fail_msg("%u, expected %u: %s", a.status, status, a.body.p);
}

static inline void expect_header(const char *name, const char *expected)
{
    const char *value = http_header(&a, name);
    if (value == NULL || strcmp(value, expected) != 0)
        fail_msg("%s: %s, expected %s", name, value, expected);
}

static inline void expect_answer(unsigned status, const char *body)
{
    expect_status(status);
    assert_string_equal(a.body.p, body);
}
