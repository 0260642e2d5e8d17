#include "eidcached/aws/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct seen {
    char text[2048];
    const char *stop_at;
};

static bool on_element(void *arg, const char *path, struct eidc_str text, struct eidc_err *err)
{
    struct seen *seen = arg;
    if (seen->stop_at && strcmp(path, seen->stop_at) == 0)
        return eidc_fail(err, EIDC_ERR_LIMIT, "stop");
    size_t at = strlen(seen->text);
    snprintf(seen->text + at, sizeof(seen->text) - at, "%s=%.*s;", path, EIDC_STR_ARG(text));
    return true;
}

static const char *parsed(const char *document)
{
    static struct seen seen;
    struct eidc_err err;
    seen = (struct seen){0};
    if (!eidc_xml_parse(eidc_str_of(document), on_element, &seen, &err))
        fail_msg("%s", err.text);
    return seen.text;
}

static void elements_come_with_their_paths(void **state)
{
    (void)state;
    assert_string_equal(
        parsed("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<Error><Code>NoSuchKey</Code>\n  <Message>a &lt;b&gt; &amp; c</Message></Error>"),
        "Error/Code=NoSuchKey;Error/Message=a <b> & c;Error=;");
}

static void repeated_and_nested(void **state)
{
    (void)state;
    assert_string_equal(parsed("<L xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                               "<C><Key>a</Key></C><C><Key>b</Key><Size/></C></L>"),
                        "L/C/Key=a;L/C=;L/C/Key=b;L/C/Size=;L/C=;L=;");
}

static void text_beside_children_is_dropped(void **state)
{
    (void)state;
    assert_string_equal(parsed("<a>x<b>y</b>z</a>"), "a/b=y;a=;");
    assert_string_equal(parsed("<a/>"), "a=;");
    assert_string_equal(parsed("<a><a>1</a></a>"), "a/a=1;a=;");
}

static void text_is_joined(void **state)
{
    (void)state;
    assert_string_equal(parsed("<a>one<!-- no --> two<![CDATA[ <three>]]>&#233;</a>"),
                        "a=one two <three>\xc3\xa9;");
}

static void expect_refused(const char *document, enum eidc_err_kind kind)
{
    struct seen seen = {0};
    struct eidc_err err = {0};
    if (eidc_xml_parse(eidc_str_of(document), on_element, &seen, &err))
        fail_msg("taken: %.60s", document);
    assert_int_equal(err.kind, kind);
}

static void documents_that_are_not_xml(void **state)
{
    (void)state;
    expect_refused("", EIDC_ERR_CORRUPT);
    expect_refused("not xml", EIDC_ERR_CORRUPT);
    expect_refused("<a><b></a>", EIDC_ERR_CORRUPT);
    expect_refused("<a>cut sho", EIDC_ERR_CORRUPT);
    expect_refused("<a>\xff</a>", EIDC_ERR_CORRUPT);
    expect_refused("<a></a><b></b>", EIDC_ERR_CORRUPT);
    expect_refused("<a>&unknown;</a>", EIDC_ERR_CORRUPT);
}

static void document_types_are_refused(void **state)
{
    (void)state;
    expect_refused("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", EIDC_ERR_CORRUPT);
    expect_refused("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
                   EIDC_ERR_CORRUPT);
    expect_refused("<!DOCTYPE a SYSTEM \"http://example.com/a.dtd\"><a/>", EIDC_ERR_CORRUPT);
}

static void deep_and_long_documents_are_refused(void **state)
{
    (void)state;
    EIDC_BUF_AUTO deep = {0};
    for (int i = 0; i < 40; i++)
        eidc_buf_add_z(&deep, "<a>");
    for (int i = 0; i < 40; i++)
        eidc_buf_add_z(&deep, "</a>");
    expect_refused(deep.p, EIDC_ERR_CORRUPT);

    EIDC_BUF_AUTO wide = {0};
    eidc_buf_add_z(&wide, "<a");
    for (int i = 0; i < 300; i++)
        eidc_buf_add_z(&wide, "aaaa");
    eidc_buf_add_z(&wide, "/>");
    expect_refused(wide.p, EIDC_ERR_CORRUPT);
}

static void the_caller_may_stop(void **state)
{
    (void)state;
    struct seen seen = {.stop_at = "a/c"};
    struct eidc_err err = {0};
    assert_false(
        eidc_xml_parse(EIDC_STR("<a><b>1</b><c>2</c><b>3</b></a>"), on_element, &seen, &err));
    assert_int_equal(err.kind, EIDC_ERR_LIMIT);
    assert_string_equal(seen.text, "a/b=1;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_with_their_paths),
        cmocka_unit_test(repeated_and_nested),
        cmocka_unit_test(text_beside_children_is_dropped),
        cmocka_unit_test(text_is_joined),
        cmocka_unit_test(documents_that_are_not_xml),
        cmocka_unit_test(document_types_are_refused),
        cmocka_unit_test(deep_and_long_documents_are_refused),
        cmocka_unit_test(the_caller_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
