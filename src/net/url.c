#include "eidcached/net/url.h"

#include <strings.h>

#define HOST_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define IPV6_CHARS "ABCDEFabcdef0123456789:."

static bool printable(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~' || *s == '#' || *s == '\\')
            return false;
    return true;
}

/* Length of the host at s, 0 when there is none. */
static size_t host_length(const char *s)
{
    if (*s != '[')
        return strspn(s, HOST_CHARS);
    size_t n = strspn(s + 1, IPV6_CHARS);
    return n > 0 && s[1 + n] == ']' ? n + 2 : 0;
}

static bool split_port(struct eidc_str text, uint16_t *port)
{
    if (text.n == 0)
        return true;
    uint64_t value;
    if (text.p[0] != ':' ||
        !eidc_str_u64((struct eidc_str){text.p + 1, text.n - 1}, UINT16_MAX, &value) || value == 0)
        return false;
    *port = (uint16_t)value;
    return true;
}

bool eidc_url_split(const char *url, struct eidc_url *out)
{
    bool https = strncasecmp(url, "https://", 8) == 0;
    if ((!https && strncasecmp(url, "http://", 7) != 0) || !printable(url))
        return false;

    const char *start = url + (https ? 8 : 7);
    size_t n = strcspn(start, "/?");
    size_t host = host_length(start);
    uint16_t port = https ? 443 : 80;
    if (host == 0 || host > n || !split_port((struct eidc_str){start + host, n - host}, &port))
        return false;

    *out = (struct eidc_url){
        .https = https,
        .authority = {start, n},
        .host = {start, host},
        .port = port,
        .path = eidc_str_of(start + n),
    };
    return true;
}
