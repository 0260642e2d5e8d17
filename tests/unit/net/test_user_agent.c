#include "eidcached/net/user_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/mem.h"
#include "tests/support/aws_env.h"

static void assert_ends(const char *end)
{
    char *agent EIDC_AUTO_FREE = eidc_user_agent("eidcached");
    size_t n = strlen(agent);
    assert_int_equal(strncmp(agent, "eidcached/" EIDC_VERSION " os/linux md/arch#", 31), 0);
    if (n < strlen(end) || strcmp(agent + n - strlen(end), end) != 0)
        fail_msg("%s", agent);
}

static void without_names(void **state)
{
    (void)state;
    char *agent EIDC_AUTO_FREE = eidc_user_agent("eidctl");
    assert_int_equal(strncmp(agent, "eidctl/" EIDC_VERSION " ", 8), 0);
    setenv("AWS_SDK_UA_APP_ID", "  ", 1);
    setenv("AWS_EXECUTION_ENV", "", 1);
    char *same EIDC_AUTO_FREE = eidc_user_agent("eidctl");
    assert_string_equal(same, agent);
    assert_null(strstr(agent, "app/"));
    assert_null(strstr(agent, "exec-env/"));
}

static void with_names(void **state)
{
    (void)state;
    setenv("AWS_SDK_UA_APP_ID", "names-of.prod", 1);
    assert_ends(" app/names-of.prod");
    setenv("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE", 1);
    assert_ends(" exec-env/AWS_ECS_FARGATE app/names-of.prod");
}

static void names_become_tokens(void **state)
{
    (void)state;
    setenv("AWS_SDK_UA_APP_ID", "a b/c#(d)\r\nX: y\"\xc3\xa9,e", 1);
    assert_ends(" app/a-b-c--d---X--y----e");
    setenv("AWS_SDK_UA_APP_ID", "!$%&'*+-.^_`|~09azAZ", 1);
    assert_ends(" app/!$%&'*+-.^_`|~09azAZ");
}

static void long_names_are_cut(void **state)
{
    (void)state;
    setenv("AWS_SDK_UA_APP_ID", "0123456789012345678901234567890123456789012345678949X", 1);
    assert_ends(" app/01234567890123456789012345678901234567890123456789");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_names, aws_env_clear),
        cmocka_unit_test_setup(with_names, aws_env_clear),
        cmocka_unit_test_setup(names_become_tokens, aws_env_clear),
        cmocka_unit_test_setup(long_names_are_cut, aws_env_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
