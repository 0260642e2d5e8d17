#include "eidcached/net/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "eidcached/base/mem.h"

static bool is_local_ipv4(const char *host)
{
    struct in_addr address;
    if (inet_aton(host, &address) == 0) /* "127.1" too: the resolver takes it */
        return false;
    uint32_t ip = ntohl(address.s_addr);
    return ip == 0 || ip >> 24 == 127 || ip >> 16 == 0xa9fe /* 169.254.0.0/16 */;
}

static bool is_mapped_local(const struct in6_addr *address)
{
    const uint8_t *ip = address->s6_addr + 12;
    return IN6_IS_ADDR_V4MAPPED(address) && (ip[0] == 127 || (ip[0] == 169 && ip[1] == 254));
}

static bool is_metadata_service(const struct in6_addr *address)
{
    static const char *const services[] = {"fd00:ec2::254", "fd00:ec2::23"};
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct in6_addr service;
        if (inet_pton(AF_INET6, services[i], &service) == 1 &&
            memcmp(&service, address, sizeof(service)) == 0)
            return true;
    }
    return false;
}

static bool is_local_ipv6(char *host)
{
    struct in6_addr address;
    host[strcspn(host, "%")] = '\0'; /* the zone */
    return inet_pton(AF_INET6, host, &address) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
            IN6_IS_ADDR_UNSPECIFIED(&address) || is_mapped_local(&address) ||
            is_metadata_service(&address));
}

static bool is_localhost(const char *host, size_t n)
{
    static const char localhost[] = "localhost";
    const size_t m = sizeof(localhost) - 1;
    return n >= m && strcasecmp(host + n - m, localhost) == 0 && (n == m || host[n - m - 1] == '.');
}

bool eidc_proxy_is_local(struct eidc_str host)
{
    if (host.n > 2 && host.p[0] == '[') {
        char *inner EIDC_AUTO_FREE = eidc_xstrndup(host.p + 1, host.n - 2);
        return is_local_ipv6(inner);
    }
    char *name EIDC_AUTO_FREE = eidc_xstrndup(host.p, host.n);
    size_t n = strlen(name);
    if (n > 0 && name[n - 1] == '.')
        name[--n] = '\0';
    return is_localhost(name, n) || is_local_ipv4(name);
}

static const char *set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* libcurl reads http_proxy alone, since a CGI program's HTTP_PROXY is the client's header Proxy. No
 * CGI program runs here, and AWS's tools read both. */
static const char *upper_case_proxy(const struct eidc_url *url)
{
    return url->https || set("http_proxy") != NULL ? NULL : set("HTTP_PROXY");
}

bool eidc_proxy_set(CURL *easy, const struct eidc_url *url, bool never)
{
    if (never || eidc_proxy_is_local(url->host))
        return curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK;
    const char *proxy = upper_case_proxy(url);
    return proxy == NULL || curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK;
}

bool eidc_proxy_explain(const char *host, const char *detail, struct eidc_err *err)
{
    static const char unsupported[] = "Unsupported proxy";
    if (strncmp(detail, unsupported, sizeof(unsupported) - 1) != 0)
        return false;
    eidc_fail(err, EIDC_ERR_INVALID,
              "%s: the proxy that the environment names is no URL of a supported kind", host);
    return true;
}
