#include "eidcached/aws/partition.h"

#include <stddef.h>
#include <string.h>

#include "eidcached/base/mem.h"

static const struct partition {
    const char *region_prefix;
    const char *suffix, *dual_stack_suffix;
    const char *global_region; /* where its global services live */
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"},
    {"us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"},
    {"", "amazonaws.com", "api.aws", "us-east-1"}, /* last: all others */
};

/* Services off the pattern. */
static const struct exception {
    const char *service;
    bool global;
    const char *fips, *dual_stack, *fips_dual_stack; /* host prefixes */
    bool plain_suffix; /* with the ordinary suffix also when dual-stack */
} exceptions[] = {
    {"organizations", true, "organizations-fips", "organizations", "organizations-fips", false},
    {"s3", false, "s3-fips", "s3.dualstack", "s3-fips.dualstack", true},
    {"api.ecr", false, "ecr-fips", "ecr", "ecr-fips", false},
    {"api.sagemaker", false, "api-fips.sagemaker", "sagemaker", "sagemaker-fips", false},
    {"eks", false, "fips.eks", "eks", "eks-fips", false},
};

/* Where the ordinary host is the FIPS host, as long as it is not dual-stack. */
static const struct {
    const char *service, *region_prefix;
} always_fips[] = {
    {"acm", "us-gov-"},          {"config", "us-gov-"}, {"dynamodb", "us-gov-"},
    {"eks", "us-gov-"},          {"events", "us-gov-"}, {"elasticmapreduce", "us-gov-"},
    {"logs", "us-gov-"},         {"sqs", "us-gov-"},    {"ssm", "us-gov-"},
    {"states", "us-gov-west-1"}, {"sts", "us-gov-"},    {"organizations", "us-gov-"},
};

/* The regions that had no STS of their own at first. */
static const char *const global_sts_regions[] = {
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2",
};

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const struct partition *partition_of(const char *region)
{
    const struct partition *partition = partitions;
    while (!starts(region, partition->region_prefix))
        partition++;
    return partition;
}

static const struct exception *exception_of(const char *service)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].service, service) == 0)
            return &exceptions[i];
    return NULL;
}

static bool is_always_fips(const char *service, const char *region)
{
    for (size_t i = 0; i < sizeof(always_fips) / sizeof(always_fips[0]); i++)
        if (strcmp(always_fips[i].service, service) == 0 &&
            starts(region, always_fips[i].region_prefix))
            return true;
    return false;
}

static bool has_global_sts(const char *region)
{
    for (size_t i = 0; i < sizeof(global_sts_regions) / sizeof(global_sts_regions[0]); i++)
        if (strcmp(global_sts_regions[i], region) == 0)
            return true;
    return false;
}

static char *host_prefix(const char *service, const struct exception *exception,
                         struct eidc_endpoint_kind kind)
{
    if (exception == NULL)
        return eidc_xprintf("%s%s", service, kind.fips ? "-fips" : "");
    if (kind.fips)
        return eidc_xstrdup(kind.dual_stack ? exception->fips_dual_stack : exception->fips);
    return eidc_xstrdup(kind.dual_stack ? exception->dual_stack : service);
}

static void regional_endpoint(const char *service, const char *region,
                              struct eidc_endpoint_kind kind, char **host, char **signing_region)
{
    const struct partition *partition = partition_of(region);
    const struct exception *exception = exception_of(service);
    bool other_suffix = kind.dual_stack && (exception == NULL || !exception->plain_suffix);
    const char *home = exception != NULL && exception->global ? partition->global_region : region;
    if (!kind.dual_stack && is_always_fips(service, region))
        kind.fips = false;
    char *prefix EIDC_AUTO_FREE = host_prefix(service, exception, kind);
    *host = eidc_xprintf("%s.%s.%s", prefix, home,
                         other_suffix ? partition->dual_stack_suffix : partition->suffix);
    *signing_region = eidc_xstrdup(home);
}

void eidc_partition_endpoint(const char *service, const char *region,
                             struct eidc_endpoint_kind kind, char **host, char **signing_region)
{
    bool global_sts = kind.global_sts && !kind.fips && !kind.dual_stack &&
                      strcmp(service, "sts") == 0 && has_global_sts(region);
    if (!global_sts) {
        regional_endpoint(service, region, kind, host, signing_region);
        return;
    }
    *host = eidc_xstrdup("sts.amazonaws.com");
    *signing_region = eidc_xstrdup("us-east-1");
}

bool eidc_partition_same(const char *region, const char *other)
{
    return partition_of(region) == partition_of(other);
}
