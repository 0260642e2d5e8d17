#pragma once
/* Which proxy a request goes through: HTTPS_PROXY or HTTP_PROXY by the URL's scheme, else ALL_PROXY
 * (lower case is looked at first), unless NO_PROXY names the host. None for what only this machine
 * can mean, whoever asks. For transfer.c. */
#include <curl/curl.h>

#include "eidcached/base/err.h"
#include "eidcached/net/url.h"

/* Loopback and link-local addresses, localhost, and the IPv6 addresses of AWS's metadata and
 * container services. */
bool eidc_proxy_is_local(struct eidc_str host);
/* never: no proxy, whatever the environment says. */
bool eidc_proxy_set(CURL *easy, const struct eidc_url *url, bool never);
/* libcurl's text quotes the URL of a proxy that it does not understand, with its password: true,
 * and err says so without it. */
bool eidc_proxy_explain(const char *host, const char *detail, struct eidc_err *err);
