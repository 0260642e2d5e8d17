#include "eidcached/aws/s3_region.h"

#include <pthread.h>
#include <stdio.h>

#include "eidcached/aws/fault.h"
#include "eidcached/base/mem.h"

/* One a bucket that is not where it was asked for: few, for ever. */
struct place {
    struct place *next;
    char *host, *home_region, *bucket;
    char region[EIDC_REGION_MAX];
};

static struct place *places;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool sends_elsewhere(int status)
{
    static const int statuses[] = {301, 302, 307, 308, 400};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i] == status)
            return true;
    return false;
}

bool eidc_s3_region_told(const struct eidc_aws_response *response, char out[EIDC_REGION_MAX])
{
    static const struct eidc_secrets none;
    struct eidc_aws_fault fault;
    if (response->ok || !sends_elsewhere(response->status))
        return false;
    const struct eidc_http_response answer = {
        .status = response->status, .headers = response->headers, .body = response->body};
    eidc_aws_fault_read(&answer, &none, &fault);
    snprintf(out, EIDC_REGION_MAX, "%s", fault.bucket_region);
    return out[0] != '\0';
}

static struct place *find(const struct eidc_endpoint *home, const char *bucket)
{
    for (struct place *place = places; place != NULL; place = place->next) {
        if (strcmp(place->bucket, bucket) == 0 && strcmp(place->host, home->host) == 0 &&
            strcmp(place->home_region, home->region) == 0)
            return place;
    }
    return NULL;
}

bool eidc_s3_region_known(const struct eidc_endpoint *home, const char *bucket,
                          char out[EIDC_REGION_MAX])
{
    pthread_mutex_lock(&lock);
    const struct place *place = find(home, bucket);
    if (place != NULL)
        memcpy(out, place->region, EIDC_REGION_MAX);
    pthread_mutex_unlock(&lock);
    return place != NULL;
}

void eidc_s3_region_learn(const struct eidc_endpoint *home, const char *bucket, const char *region)
{
    pthread_mutex_lock(&lock);
    struct place *place = find(home, bucket);
    if (place == NULL) {
        place = eidc_xcalloc(1, sizeof(*place));
        place->host = eidc_xstrdup(home->host);
        place->home_region = eidc_xstrdup(home->region);
        place->bucket = eidc_xstrdup(bucket);
        place->next = places;
        places = place;
    }
    snprintf(place->region, sizeof(place->region), "%s", region);
    pthread_mutex_unlock(&lock);
}
