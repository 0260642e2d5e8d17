#pragma once
/* Where buckets turned out to be, when not where they were asked for: kept for the life of the
 * process. For s3_request.c. */
#include "eidcached/aws/call.h"

#define EIDC_REGION_MAX 64

/* The region that an answer sends us to: a redirect, or a 400, that names one. False: none. */
bool eidc_s3_region_told(const struct eidc_aws_response *response, char out[EIDC_REGION_MAX]);

/* home: the endpoint that is configured. */
bool eidc_s3_region_known(const struct eidc_endpoint *home, const char *bucket,
                          char out[EIDC_REGION_MAX]);
void eidc_s3_region_learn(const struct eidc_endpoint *home, const char *bucket, const char *region);
