/* The cheap second look of --check-config: what a start would stumble over. */
#include <stdlib.h>

#include "eidcached/aws/env.h"
#include "eidcached/aws/region.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "internal.h"

#define TOKEN_FILE_MAX 4096

static void tell(struct eidc_config_load *load, const char *path, const struct eidc_err *err)
{
    eidc_config_problem(load, NULL, path, "%s", err->text);
}

/* Where nothing says a region, an instance's own may do: that is asked at the start, not here. */
static bool has_region(const struct eidc_aws_settings *settings, struct eidc_err *err)
{
    char *region EIDC_AUTO_FREE = NULL;
    return eidc_region_resolve(settings, &region, err) ||
           (err->kind == EIDC_ERR_NOT_FOUND && !eidc_env_true("AWS_EC2_METADATA_DISABLED"));
}

static void probe_source(struct eidc_config_load *load, const struct eidc_config_source *source)
{
    const struct eidc_aws_settings settings = eidc_config_source_aws(load->config, source);
    const struct eidc_config_place at = {.line = source->line, .column = source->column};
    struct eidc_err err;
    if (source->type != EIDC_SOURCE_AWS || source->regions.n > 0)
        return;
    if (has_region(&settings, &err))
        return;
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s", source->name);
    eidc_config_problem(load, &at, path, "%s", err.text);
}

static void probe_snapshot(struct eidc_config_load *load)
{
    struct eidc_err err;
    if (*load->config->snapshot.s3 != 0 && !has_region(&load->config->aws, &err))
        tell(load, "snapshot.s3", &err);
}

static void probe_secrets(struct eidc_config_load *load)
{
    const char *key_file = load->config->eid.key_file;
    const char *token_file = load->config->http.token_file;
    EIDC_BUF_SECRET key = {0}, token = {0};
    struct eidc_err err;
    if (token_file != NULL && !eidc_file_read(token_file, TOKEN_FILE_MAX, &token, &err))
        tell(load, "http.token_file", &err);
    if (key_file != NULL && !eidc_eid_key_read(key_file, &key, &err))
        tell(load, "eid.key_file", &err);
}

bool eidc_config_probe(struct eidc_config *config, struct eidc_config_problems *problems)
{
    struct eidc_config_load load = {.config = config, .problems = problems};
    for (size_t i = 0; i < config->source_count; i++)
        probe_source(&load, &config->sources[i]);
    probe_secrets(&load);
    probe_snapshot(&load);
    eidc_config_problems_finish(&load);
    return problems->count == 0;
}
