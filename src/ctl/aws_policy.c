/*
 * The IAM policy that a configuration needs, for one identity at a time: without --role-arn the one
 * whose credentials are found, which assumes the roles; with it a role, which lists (and saves) for
 * the sources that name it. What is granted is gathered first, then written: listing actions take
 * no resources and are grouped by the regions they are for.
 */
#include "eidcached/aws/listing.h"
#include "eidcached/base/json_read.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/words.h"
#include "eidcached/config/config.h"
#include "eidcached/ctl/commands.h"

#define S3_SCHEME "s3://"
#define ALIAS     "alias/"

/* One action on one resource, in some regions. */
struct grant {
    char *regions; /* words; "": any */
    char *resource, *action;
};

struct policy {
    const struct eidc_ctl *ctl;
    const struct eidc_config *config;
    const char *role; /* whose policy; NULL: the one that is found */
    struct grant *grants;
    size_t count;
};

/* ---- what is granted ---- */

static void grant(struct policy *p, const char *regions, const char *resource,
                  struct eidc_str action)
{
    p->grants = eidc_xrealloc(p->grants, p->count + 1, sizeof *p->grants);
    p->grants[p->count++] = (struct grant){eidc_xstrdup(regions), eidc_xstrdup(resource),
                                           eidc_xstrndup(action.p, action.n)};
}

static void grant_all(struct policy *p, const char *regions, const char *resource,
                      const char *actions)
{
    struct eidc_str action;
    while (eidc_words_next(&actions, &action))
        grant(p, regions, resource, action);
}

static bool is_mine(const struct policy *p, const char *role)
{
    return p->role == NULL ? role == NULL : role != NULL && strcmp(role, p->role) == 0;
}

static void add_regions(const struct policy *p, const struct eidc_config_source *source,
                        struct eidc_buf *out)
{
    const struct eidc_aws_settings settings = eidc_config_source_aws(p->config, source);
    for (size_t i = 0; i < source->regions.n; i++)
        eidc_buf_addf(out, "%s%s", i > 0 ? " " : "", source->regions.at[i]);
    if (source->regions.n == 0 && settings.region != NULL)
        eidc_buf_add_z(out, settings.region);
}

/* On what the parameter says when that is an ARN. */
static void grant_param(struct policy *p, const struct eidc_listing *row, const char *regions,
                        const struct eidc_listing_given *given)
{
    const struct eidc_listing_param *param = eidc_listing_param(row, given->key);
    bool is_arn = strncmp(given->value, "arn:", 4) == 0;
    grant_all(p, is_arn ? "" : regions, is_arn ? given->value : "*", param->actions);
}

static void grant_listing(struct policy *p, const struct eidc_config_source *source)
{
    const struct eidc_listing *row = eidc_listing_find(source->list);
    const struct eidc_listing *above[EIDC_LISTING_DEPTH];
    size_t n = eidc_listing_above(row, above);
    EIDC_BUF_AUTO regions = {0};
    EIDC_BUF_AUTO actions = {0};
    if (!row->service->global)
        add_regions(p, source, &regions);
    eidc_listing_actions(row, &actions);
    for (size_t i = 0; i < n; i++) {
        eidc_buf_add_byte(&actions, ' ');
        eidc_listing_actions(above[i], &actions);
    }
    grant_all(p, eidc_buf_view(&regions).p, "*", actions.p);
    for (size_t i = 0; i < source->params.n; i++)
        grant_param(p, row, eidc_buf_view(&regions).p, &source->params.at[i]);
    if (row->note != NULL)
        fprintf(p->ctl->io->err, "eidctl: sources.%s: %s\n", source->name, row->note);
}

static void grant_source(struct policy *p, const struct eidc_config_source *source)
{
    const struct eidc_aws_settings settings = eidc_config_source_aws(p->config, source);
    if (is_mine(p, settings.role_arn))
        grant_listing(p, source);
    else if (p->role == NULL)
        grant(p, "", settings.role_arn, EIDC_STR("sts:AssumeRole"));
}

/* "aws-cn" of a region or an ARN; "aws" when neither says. */
static char *partition_of(const struct policy *p)
{
    static const char *const by_region[][2] = {
        {"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"},
        {"us-iso-", "aws-iso"},    {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"},
        {"us-isof-", "aws-iso-f"},
    };
    const char *region = p->config->aws.region;
    for (size_t i = 0; region != NULL && i < sizeof by_region / sizeof by_region[0]; i++)
        if (strncmp(region, by_region[i][0], strlen(by_region[i][0])) == 0)
            return eidc_xstrdup(by_region[i][1]);
    return eidc_xstrdup("aws");
}

/* The bucket's own objects: below the prefix. */
static void grant_s3(struct policy *p, const char *partition)
{
    const char *place = p->config->snapshot.s3 + strlen(S3_SCHEME);
    char *objects EIDC_AUTO_FREE = eidc_xprintf("arn:%s:s3:::%s/*", partition, place);
    char *bucket EIDC_AUTO_FREE =
        eidc_xprintf("arn:%s:s3:::%.*s", partition, (int)strcspn(place, "/"), place);
    grant_all(p, "", objects, "s3:GetObject s3:PutObject s3:DeleteObject");
    grant_all(p, "", bucket, "s3:ListBucket");
}

static void grant_kms(struct policy *p, const char *partition)
{
    const char *key = p->config->snapshot.kms_key;
    bool is_arn = strncmp(key, "arn:", 4) == 0, is_alias = strstr(key, ALIAS) != NULL;
    char *resource EIDC_AUTO_FREE = is_alias ? eidc_xprintf("arn:%s:kms:*:*:key/*", partition)
                                    : is_arn
                                        ? eidc_xstrdup(key)
                                        : eidc_xprintf("arn:%s:kms:*:*:key/%s", partition, key);
    grant_all(p, "", resource, "kms:GenerateDataKey kms:Decrypt");
}

static void gather(struct policy *p)
{
    const struct eidc_config *config = p->config;
    char *partition EIDC_AUTO_FREE = partition_of(p);
    for (size_t i = 0; i < config->source_count; i++)
        if (config->sources[i].type == EIDC_SOURCE_AWS)
            grant_source(p, &config->sources[i]);
    if (config->snapshot.s3[0] == 0)
        return;
    if (!is_mine(p, config->aws.role_arn)) {
        if (p->role == NULL)
            grant(p, "", config->aws.role_arn, EIDC_STR("sts:AssumeRole"));
        return;
    }
    grant_s3(p, partition);
    if (config->snapshot.kms_key != NULL)
        grant_kms(p, partition);
}

/* ---- the document ---- */

/* Statements have one kind of action; the resource decides, the regions, then the name. */
static int by_place(const void *a, const void *b)
{
    const struct grant *x = a, *y = b;
    int c = strcmp(x->resource, y->resource);
    c = c != 0 ? c : strcmp(x->regions, y->regions);
    return c != 0 ? c : strcmp(x->action, y->action);
}

static bool same_place(const struct grant *x, const struct grant *y)
{
    return strcmp(x->resource, y->resource) == 0 && strcmp(x->regions, y->regions) == 0;
}

static cJSON *condition(cJSON *statement, const char *operator_name)
{
    return cJSON_AddObjectToObject(cJSON_AddObjectToObject(statement, "Condition"), operator_name);
}

static void add_region_condition(cJSON *statement, const char *regions)
{
    struct eidc_str region;
    if (regions[0] == 0)
        return;
    cJSON *list =
        cJSON_AddArrayToObject(condition(statement, "StringEquals"), "aws:RequestedRegion");
    while (eidc_words_next(&regions, &region)) {
        char *text EIDC_AUTO_FREE = eidc_xstrndup(region.p, region.n);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }
}

static void add_prefix_condition(const struct policy *p, cJSON *statement)
{
    const char *slash = strchr(p->config->snapshot.s3 + strlen(S3_SCHEME), '/');
    if (slash == NULL)
        return;
    char *below EIDC_AUTO_FREE = eidc_xprintf("%s/*", slash + 1);
    cJSON_AddStringToObject(condition(statement, "StringLike"), "s3:prefix", below);
}

static void add_alias_condition(const struct policy *p, cJSON *statement)
{
    const char *alias = strstr(p->config->snapshot.kms_key, ALIAS);
    if (alias != NULL)
        cJSON_AddStringToObject(condition(statement, "ForAnyValue:StringEquals"),
                                "kms:ResourceAliases", alias);
}

/* What is special to one resource: the prefix of a bucket, the alias of a key. */
static void add_own_condition(const struct policy *p, cJSON *statement, const char *action)
{
    if (strcmp(action, "s3:ListBucket") == 0)
        add_prefix_condition(p, statement);
    else if (strcmp(action, "kms:Decrypt") == 0)
        add_alias_condition(p, statement);
}

/* Of grants[0...n), all of one place; the same one may be there twice. */
static void add_statement(const struct policy *p, cJSON *statements, const struct grant *grants,
                          size_t n)
{
    cJSON *statement = cJSON_CreateObject();
    cJSON_AddStringToObject(statement, "Effect", "Allow");
    cJSON *actions = cJSON_AddArrayToObject(statement, "Action");
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(grants[i].action, grants[i - 1].action) != 0)
            cJSON_AddItemToArray(actions, cJSON_CreateString(grants[i].action));
    cJSON_AddStringToObject(statement, "Resource", grants->resource);
    add_region_condition(statement, grants->regions);
    add_own_condition(p, statement, grants->action);
    cJSON_AddItemToArray(statements, statement);
}

static cJSON *document(const struct policy *p)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "Version", "2012-10-17");
    cJSON *statements = cJSON_AddArrayToObject(root, "Statement");
    for (size_t i = 0, n; i < p->count; i += n) {
        n = 1;
        while (i + n < p->count && same_place(&p->grants[i], &p->grants[i + n]))
            n++;
        add_statement(p, statements, &p->grants[i], n);
    }
    return root;
}

static void print(const struct policy *p)
{
    qsort(p->grants, p->count, sizeof *p->grants, by_place);
    EIDC_CJSON_AUTO *root = document(p);
    char *text EIDC_AUTO_FREE =
        p->ctl->options.json ? cJSON_PrintUnformatted(root) : cJSON_Print(root);
    fprintf(p->ctl->io->out, "%s\n", text);
}

/* ---- */

/* Roles have policies of their own. */
static void tell_of_roles(const struct policy *p)
{
    for (size_t i = 0; i < p->count && p->role == NULL; i++) {
        const struct grant *g = &p->grants[i];
        bool again = i > 0 && strcmp(g->resource, g[-1].resource) == 0;
        if (strcmp(g->action, "sts:AssumeRole") == 0 && !again)
            fprintf(p->ctl->io->err, "eidctl: the policy of %s: --role-arn %s\n", g->resource,
                    g->resource);
    }
}

static void policy_free(struct policy *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->grants[i].regions);
        free(p->grants[i].resource);
        free(p->grants[i].action);
    }
    free(p->grants);
}

int eidc_ctl_aws_policy(struct eidc_ctl *ctl)
{
    struct eidc_config *config = NULL;
    if (ctl->options.config == NULL) {
        eidc_ctl_complain(ctl, "aws policy: needs --config FILE; see eidctl aws policy --help");
        return EIDC_CTL_USAGE;
    }
    if (!eidc_ctl_load_config(ctl, &config))
        return EIDC_CTL_FAILED;
    struct policy p = {.ctl = ctl, .config = config, .role = ctl->options.role_arn};
    gather(&p);
    int code = EIDC_CTL_OK;
    if (p.count > 0) {
        print(&p);
        tell_of_roles(&p);
    } else {
        eidc_ctl_complain(ctl, "aws policy: %s asks nothing of AWS%s%s", ctl->options.config,
                          p.role != NULL ? " as " : "", p.role != NULL ? p.role : "");
        code = EIDC_CTL_FAILED;
    }
    policy_free(&p);
    eidc_config_free(config);
    return code;
}
