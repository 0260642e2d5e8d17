#include "eidcached/net/user_agent.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/mem.h"

#define NAME_MAX_BYTES 50 /* AWS cuts app ids there */

/* A character of an RFC 9110 token, less '#', which AWS gives a meaning. */
static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!$%&'*+-.^_`|~", c) != NULL);
}

/* Appends " KIND/VALUE", other characters as '-'; nothing when there is no value. */
static void add(struct eidc_buf *out, const char *kind, const char *value)
{
    if (value == NULL || value[strspn(value, " \t\r\n")] == '\0')
        return;
    eidc_buf_addf(out, " %s/", kind);
    for (size_t i = 0; i < NAME_MAX_BYTES && value[i] != '\0'; i++)
        eidc_buf_add_byte(out, is_token_char(value[i]) ? value[i] : '-');
}

char *eidc_user_agent(const char *program)
{
    EIDC_BUF_AUTO out = {0};
    struct utsname system;
    eidc_buf_addf(&out, "%s/" EIDC_VERSION " os/linux", program);
    if (uname(&system) == 0)
        eidc_buf_addf(&out, " md/arch#%s", system.machine);
    add(&out, "exec-env", getenv("AWS_EXECUTION_ENV"));
    add(&out, "app", getenv("AWS_SDK_UA_APP_ID"));
    return eidc_xstrndup(out.p, out.n);
}
