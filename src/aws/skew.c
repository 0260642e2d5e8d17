#include "eidcached/aws/skew.h"

#include <time.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define SKEW_MIN_MS 60000 /* less than this does not make a signature invalid */

struct eidc_skew {
    char *host;
    int64_t ms;
};

static struct eidc_skew *find(const struct eidc_skews *skews, const char *host)
{
    for (size_t i = 0; i < skews->n; i++)
        if (strcmp(skews->at[i].host, host) == 0)
            return &skews->at[i];
    return NULL;
}

int64_t eidc_skews_of(const struct eidc_skews *skews, const char *host)
{
    const struct eidc_skew *skew = find(skews, host);
    return skew != NULL ? skew->ms : 0;
}

static void keep(struct eidc_skews *skews, const char *host, int64_t ms)
{
    struct eidc_skew *skew = find(skews, host);
    if (skew == NULL) {
        skews->at = eidc_xrealloc(skews->at, skews->n + 1, sizeof(*skews->at));
        skew = &skews->at[skews->n++];
        skew->host = eidc_xstrdup(host);
    }
    skew->ms = ms;
}

/* "Tue, 22 Nov 2026 18:24:37 GMT" */
static bool date_of(const struct eidc_http_headers *headers, int64_t *unix_ms)
{
    const char *date = eidc_http_headers_get(headers, "Date");
    struct tm tm = {0};
    if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return false;
    *unix_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

/* The server looked at its clock somewhere between the sending and now: take the middle. */
bool eidc_skews_learn(struct eidc_skews *skews, const char *host,
                      const struct eidc_http_headers *headers, int64_t sent_ms, int64_t used_ms)
{
    int64_t server;
    if (!date_of(headers, &server))
        return false;
    int64_t skew = server - (sent_ms + (eidc_now_ms() - sent_ms) / 2);
    int64_t change = skew - used_ms;
    if (change > -SKEW_MIN_MS && change < SKEW_MIN_MS)
        return false;
    eidc_warn("aws: this machine's clock is %lld s off that of %s", (long long)(-skew / 1000),
              host);
    keep(skews, host, skew);
    return true;
}

void eidc_skews_free(struct eidc_skews *skews)
{
    for (size_t i = 0; i < skews->n; i++)
        free(skews->at[i].host);
    free(skews->at);
    *skews = (struct eidc_skews){0};
}
