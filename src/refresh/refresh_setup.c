#include <stdlib.h>
#include <string.h>

#include "eidcached/adapters/source_aws.h"
#include "eidcached/adapters/source_file.h"
#include "eidcached/adapters/store_dir.h"
#include "eidcached/adapters/store_s3.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/metrics.h"
#include "eidcached/net/user_agent.h"
#include "refresh_internal.h"

#define KEY_MAX 4096

static const char *eid_field(const struct eidc_config_source *c)
{
    static const char field[] = "field:";
    const size_t n = sizeof field - 1;

    return c->eid != NULL && strncmp(c->eid, field, n) == 0 ? c->eid + n : NULL;
}

static bool make_aws_source(struct eidc_refresh *r, const struct eidc_config_source *c,
                            const struct eidc_filter *filter, struct eidc_source **out,
                            struct eidc_err *err)
{
    const struct eidc_source_aws_options options = {
        .name = c->name,
        .listing = eidc_listing_find(c->list),
        .name_template = c->name_template,
        .eid_field = eid_field(c),
        .params = c->params.at,
        .param_count = c->params.n,
        .regions = c->regions.at,
        .region_count = c->regions.n,
        .filter = *filter,
        .aws = eidc_config_source_aws(r->config, c),
        .max_names = r->config->refresh.max_names,
        .max_response = r->config->refresh.max_response,
    };

    return eidc_source_aws_new(&options, r->aws, out, err);
}

static bool make_source(struct eidc_refresh *r, const struct eidc_config_source *c,
                        struct eidc_source **out, struct eidc_err *err)
{
    const struct eidc_filter filter = {c->include.at, c->exclude.at, c->include.n, c->exclude.n};
    bool ok = c->type == EIDC_SOURCE_FILE
                  ? eidc_source_file_new(c->name, c->path, &filter, r->config->refresh.max_names,
                                         out, err)
                  : make_aws_source(r, c, &filter, out, err);

    return ok || eidc_wrap(err, "sources.%s", c->name);
}

static bool make_sources(struct eidc_refresh *r, struct eidc_err *err)
{
    r->sources = eidc_xcalloc(r->config->source_count + 1, sizeof(struct eidc_source *));
    for (size_t i = 0; i < r->config->source_count; i++) {
        if (!make_source(r, &r->config->sources[i], &r->sources[i], err))
            return false;
        r->source_count++;
    }
    return true;
}

static bool make_s3(struct eidc_refresh *r, struct eidc_store **out, struct eidc_err *err)
{
    const struct eidc_config *c = r->config;
    const struct eidc_store_s3_options options = {
        .url = c->snapshot.s3,
        .keep = c->snapshot.keep,
        .compress = c->snapshot.compress,
        .checksum_sha256 = c->snapshot.checksum_sha256,
        .kms_key = c->snapshot.kms_key,
        .expected_owner = c->snapshot.expected_owner,
        .addressing = c->snapshot.addressing,
        .aws = c->aws,
    };

    return eidc_store_s3_new(&options, r->aws, out, err) || eidc_wrap(err, "snapshot.s3");
}

static bool is_set(const char *s)
{
    return s != NULL && s[0] != '\0';
}

static bool make_stores(struct eidc_refresh *r, struct eidc_err *err)
{
    const char *dir = r->config->snapshot.dir;

    if (is_set(dir)) {
        if (!eidc_store_dir_new(dir, r->config->snapshot.keep, &r->stores[0], err))
            return eidc_wrap(err, "snapshot.dir");
        r->store_count = 1;
    }
    if (is_set(r->config->snapshot.s3)) {
        if (!make_s3(r, &r->stores[r->store_count], err))
            return false;
        r->store_count++;
    }
    return true;
}

static bool make_build_options(struct eidc_refresh *r, struct eidc_err *err)
{
    const struct eidc_config *c = r->config;

    if (is_set(c->eid.key_file) && !eidc_eid_key_read(c->eid.key_file, &r->key, err))
        return eidc_wrap(err, "eid.key_file");
    r->build.key = eidc_buf_view(&r->key);
    r->build.keep_collisions = c->eid.keep_collisions;
    return eidc_eid_scheme_make(c->eid.algorithm, c->eid.bits, c->eid.encoding, c->eid.prefix,
                                r->build.key, &r->build.scheme, err);
}

bool eidc_refresh_setup(struct eidc_refresh *r, struct eidc_err *err)
{
    if (!make_build_options(r, err))
        return false;
    char *user_agent EIDC_AUTO_FREE = eidc_user_agent("eidcached");
    if (!eidc_http_curl_new(user_agent, &r->http, err))
        return false;
    r->aws = eidc_aws_new(r->http, r->config->refresh.concurrency, &r->stop);
    eidc_aws_watch(r->aws, &r->heartbeat);
    if (!make_sources(r, err) || !make_stores(r, err))
        return false;
    r->guard.max_shrink = r->config->refresh.max_shrink;
    r->guard.window_ms = r->config->refresh.scope_interval;
    r->guard.confirmations = r->config->refresh.shrink_confirmations;
    r->saver = (struct eidc_saver){
        .stores = r->stores,
        .store_count = r->store_count,
        .json = r->config->snapshot.json,
        .report = r->report,
        .heartbeat = &r->heartbeat,
    };
    eidc_saver_init(&r->saver);
    return true;
}

void eidc_refresh_teardown(struct eidc_refresh *r)
{
    for (size_t i = 0; i < r->source_count; i++)
        r->sources[i]->ops->destroy(r->sources[i]);
    for (size_t i = 0; i < r->store_count; i++)
        r->stores[i]->ops->destroy(r->stores[i]);
    free(r->sources);
    eidc_saver_free(&r->saver);
    eidc_guard_free(&r->guard);
    eidc_baseline_free(&r->baseline);
    if (r->aws != NULL)
        eidc_aws_free(r->aws);
    if (r->http != NULL)
        r->http->ops->destroy(r->http);
    eidc_buf_wipe(&r->key);
}

void eidc_refresh_adopt_report(struct eidc_refresh *r)
{
    struct eidc_source_report *sources = eidc_xcalloc(r->source_count + 1, sizeof *sources);
    struct eidc_store_report *stores = eidc_xcalloc(r->store_count + 1, sizeof *stores);

    for (size_t i = 0; i < r->source_count; i++) {
        sources[i].name = eidc_xstrdup(r->sources[i]->name);
        sources[i].type = r->sources[i]->type;
    }
    for (size_t i = 0; i < r->store_count; i++) {
        stores[i].url = eidc_xstrdup(r->stores[i]->url);
        stores[i].role = i == 0 ? "primary" : "secondary";
    }
    /* what an earlier configuration had and this one has not must not be shown for ever */
    eidc_metric_hide(EIDC_METRIC_SOURCE_NAMES);
    eidc_metric_hide(EIDC_METRIC_SOURCE_VERIFIED);
    eidc_metric_hide(EIDC_METRIC_SOURCE_FAILED_SCOPES);
    eidc_report_assign(r->report, sources, r->source_count, stores, r->store_count);
}
