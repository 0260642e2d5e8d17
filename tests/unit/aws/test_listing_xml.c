#include "eidcached/aws/listing_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"                   \
    "<Owner><ID>7</ID></Owner>"
#define TAIL          "</ListAllMyBucketsResult>"
#define BUCKET(name)  "<Bucket><Name>" name "</Name><BucketRegion>r</BucketRegion></Bucket>"
#define BUCKETS(list) HEAD "<Buckets>" list "</Buckets>" TAIL

struct collected {
    struct eidc_buf names;
    unsigned n;
};

static bool collect(void *arg, struct eidc_str name, const cJSON *element, struct eidc_err *err)
{
    struct collected *c = arg;
    const cJSON *region = cJSON_GetObjectItemCaseSensitive(element, "BucketRegion");
    (void)err;
    c->n++;
    eidc_buf_addf(&c->names, "%.*s%s%s,", EIDC_STR_ARG(name), region ? "@" : "",
                  region ? region->valuestring : "");
    return true;
}

static void expect(const char *body, const char *names, const char *token)
{
    struct collected c = {0};
    EIDC_BUF_AUTO next = {0};
    struct eidc_err err = {0};
    eidc_buf_add_z(&next, "old");
    if (!eidc_listing_page(eidc_listing_find("s3.buckets"), eidc_str_of(body), collect, &c, &next,
                           &err))
        fail_msg("%s: %s", body, err.text);
    assert_string_equal(eidc_buf_view(&c.names).p, names);
    assert_string_equal(eidc_buf_view(&next).p, token);
    eidc_buf_free(&c.names);
}

static void pages(void **state)
{
    (void)state;
    expect(BUCKETS(BUCKET("a") "\n  " BUCKET("b\xc3\xa9 &amp; &#x3c;")), "a@r,b\xc3\xa9 & <@r,",
           "");
    expect(BUCKETS("<Bucket><Name>a</Name></Bucket>"), "a,", "");
    expect(HEAD
           "<Buckets>" BUCKET("a") "</Buckets><ContinuationToken>t+/=</ContinuationToken>" TAIL,
           "a@r,", "t+/=");
    expect(HEAD "<ContinuationToken>t</ContinuationToken><Buckets></Buckets>" TAIL, "", "t");
    expect(HEAD "<Buckets/><ContinuationToken/>" TAIL, "", "");
}

static void members_deeper_down_do_not_count(void **state)
{
    (void)state;
    expect(BUCKETS("<Bucket><Name>a</Name><X><Name>b</Name></X></Bucket>"), "a,", "");
    expect(BUCKETS(
               BUCKET("a") "<Other><Name>x</Name></Other><Bucket><Name>c</Name><Bucket/></Bucket>"),
           "a@r,c,", "");
}

static void pages_that_do_not_count(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "<",
        "<html><body>Bad Gateway</body></html>",
        HEAD,
        HEAD "<Buckets>" BUCKET("a"),
        HEAD "<Buckets>" BUCKET("a") "</Buckets>",
        HEAD TAIL,                                   /* no list */
        HEAD "<Bucket><Name>a</Name></Bucket>" TAIL, /* not where it belongs */
        BUCKETS("<Bucket></Bucket>"),                /* no name */
        BUCKETS("<Bucket><name>a</name></Bucket>"),  /* another case */
        BUCKETS("<Bucket><Name>a</Name><Name>b</Name></Bucket>"),
        BUCKETS(BUCKET("good") "<Bucket><X/></Bucket>"),
        HEAD "<Buckets/><Buckets/>" TAIL,
        HEAD "<Buckets/><ContinuationToken>a</ContinuationToken>"
             "<ContinuationToken>b</ContinuationToken>" TAIL,
        BUCKETS(BUCKET("a\xff")),
        BUCKETS(BUCKET("a")) "trailing",
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>" BUCKETS(BUCKET("&b;")),
        "<Error><Code>AccessDenied</Code></Error>",
        "<a><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult></a>",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct collected c = {0};
        EIDC_BUF_AUTO token = {0};
        struct eidc_err err = {0};
        eidc_buf_add_z(&token, "old");
        if (eidc_listing_page(eidc_listing_find("s3.buckets"), eidc_str_of(bad[i]), collect, &c,
                              &token, &err))
            fail_msg("counted: %s", bad[i]);
        assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
        assert_int_equal(c.n, 0);
        assert_string_equal(token.p, "old");
    }
}

static void every_truncation_is_seen(void **state)
{
    (void)state;
    static const char whole[] =
        HEAD "<Buckets>" BUCKET("a") BUCKET("b") "</Buckets>"
                                                 "<ContinuationToken>t</ContinuationToken>" TAIL;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        struct collected c = {0};
        EIDC_BUF_AUTO token = {0};
        struct eidc_err err = {0};
        assert_false(eidc_listing_page(eidc_listing_find("s3.buckets"), (struct eidc_str){whole, n},
                                       collect, &c, &token, &err));
        assert_int_equal(c.n, 0);
    }
}

static void deep_nesting(void **state)
{
    (void)state;
    EIDC_BUF_AUTO body = {0};
    for (int i = 0; i < 100000; i++)
        eidc_buf_add_z(&body, "<a>");
    cJSON *root = NULL;
    struct eidc_err err = {0};
    assert_false(
        eidc_listing_xml(eidc_listing_find("s3.buckets"), eidc_buf_view(&body), &root, &err));
    assert_null(root);
    assert_int_equal(err.kind, EIDC_ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),
        cmocka_unit_test(members_deeper_down_do_not_count),
        cmocka_unit_test(pages_that_do_not_count),
        cmocka_unit_test(every_truncation_is_seen),
        cmocka_unit_test(deep_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
