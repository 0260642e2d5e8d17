/* The cheap second look of --check-config: what a start would stumble over, and, as warnings, what
 * a refresh would. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "eidcached/aws/env.h"
#include "eidcached/aws/region.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "internal.h"

#define TOKEN_FILE_MAX 4096
#define PEM_FILE_MAX   ((size_t)1 << 20)

static size_t index_of(const char *path)
{
    return (size_t)(eidc_option_find(path) - eidc_options);
}

static bool is_good(const struct eidc_config_load *load, const char *path)
{
    return !load->bad[index_of(path)];
}

static void tell(struct eidc_config_load *load, const char *path, const char *text)
{
    load->bad[index_of(path)] = true;
    eidc_config_problem(load, &load->places[index_of(path)], path, "%s", text);
}

/* Where nothing says a region, an instance's own may do: that is asked at the start, not here. */
static bool has_region(const struct eidc_aws_settings *settings, struct eidc_err *err)
{
    char *region EIDC_AUTO_FREE = NULL;
    return eidc_region_resolve(settings, &region, err) ||
           (err->kind == EIDC_ERR_NOT_FOUND && !eidc_env_true("AWS_EC2_METADATA_DISABLED"));
}

static bool source_is_good(const struct eidc_config_source_places *places)
{
    for (size_t i = 0; i < eidc_source_option_count; i++)
        if (places->bad[i])
            return false;
    return places->type_known;
}

static void probe_listing(struct eidc_config_load *load, const struct eidc_config_source *source,
                          const struct eidc_config_source_places *places)
{
    const struct eidc_aws_settings settings = eidc_config_source_aws(load->config, source);
    struct eidc_err err;
    if (source->regions.n > 0 || !is_good(load, "aws.region") || !is_good(load, "aws.profile"))
        return;
    if (has_region(&settings, &err))
        return;
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s", source->name);
    eidc_config_problem(load, &places->self, path, "%s", err.text);
}

static void probe_names(struct eidc_config_load *later, const struct eidc_config_source *source,
                        const struct eidc_config_source_places *places)
{
    const size_t key = (size_t)(eidc_source_option_find("path") - eidc_source_options);
    struct eidc_err err;
    if (source->path == NULL || faccessat(AT_FDCWD, source->path, R_OK, AT_EACCESS) == 0)
        return;
    eidc_fail_errno(&err, "cannot read %s", source->path);
    char *path EIDC_AUTO_FREE = eidc_xprintf("sources.%s.path", source->name);
    eidc_config_problem(later, &places->keys[key], path, "%s", err.text);
}

static void probe_sources(struct eidc_config_load *load, struct eidc_config_load *later)
{
    for (size_t i = 0; i < load->config->source_count; i++) {
        const struct eidc_config_source *source = &load->config->sources[i];
        const struct eidc_config_source_places *places = &load->source_places[i];
        if (!source_is_good(places))
            continue;
        if (source->type == EIDC_SOURCE_FILE)
            probe_names(later, source, places);
        else
            probe_listing(load, source, places);
    }
}

static void probe_bucket(struct eidc_config_load *load)
{
    struct eidc_err err;
    if (*load->config->snapshot.s3 != 0 && is_good(load, "aws.region") &&
        is_good(load, "aws.profile") && !has_region(&load->config->aws, &err))
        tell(load, "snapshot.s3", err.text);
}

/* What is not there yet is made by the first save, in the nearest folder above that is there. */
static void probe_folder(struct eidc_config_load *later)
{
    const char *dir = later->config->snapshot.dir;
    if (*dir == 0 || !is_good(later, "snapshot.dir"))
        return;
    char *path EIDC_AUTO_FREE = eidc_xprintf("%s/.", dir);
    const char *at = path;
    while (faccessat(AT_FDCWD, at, W_OK | X_OK, AT_EACCESS) != 0) {
        if (errno == ENOENT && strcmp(at, "/") != 0 && strcmp(at, ".") != 0) {
            at = dirname(path);
            continue;
        }
        struct eidc_err err;
        eidc_fail_errno(&err, "cannot write to %s as user %u", dir, (unsigned)geteuid());
        tell(later, "snapshot.dir", err.text);
        return;
    }
}

static void probe_file(struct eidc_config_load *load, const char *option, const char *path,
                       size_t max)
{
    EIDC_BUF_SECRET text = {0};
    struct eidc_err err;
    if (path != NULL && is_good(load, option) && !eidc_file_read(path, max, &text, &err))
        tell(load, option, err.text);
}

static void probe_key(struct eidc_config_load *load)
{
    const char *path = load->config->eid.key_file;
    EIDC_BUF_SECRET key = {0};
    struct eidc_err err;
    if (path != NULL && is_good(load, "eid.key_file") && !eidc_eid_key_read(path, &key, &err))
        tell(load, "eid.key_file", err.text);
}

/* The check's error says which option it is of. */
static void probe_tls(struct eidc_config_load *load, eidc_config_tls_check *check)
{
    const struct eidc_config *c = load->config;
    struct eidc_err err;
    probe_file(load, "http.tls_cert", c->http.tls_cert, PEM_FILE_MAX);
    probe_file(load, "http.tls_key", c->http.tls_key, PEM_FILE_MAX);
    probe_file(load, "http.tls_client_ca", c->http.tls_client_ca, PEM_FILE_MAX);
    if (!is_good(load, "http.tls_cert") || !is_good(load, "http.tls_key") ||
        !is_good(load, "http.tls_client_ca") || check(c, &err))
        return;
    size_t n = strcspn(err.text, ":");
    char *option EIDC_AUTO_FREE = eidc_xstrndup(err.text, n);
    if (eidc_option_find(option) != NULL)
        tell(load, option, err.text + n + strspn(err.text + n, ": "));
    else
        tell(load, "http.tls_cert", err.text);
}

bool eidc_config_probe(const char *path, eidc_config_tls_check *check_tls, struct eidc_config **out,
                       struct eidc_config_problems *problems, struct eidc_config_problems *warnings)
{
    struct eidc_config_load load;
    if (!eidc_config_load_begin(&load, path, problems))
        return eidc_config_load_end(&load, out);
    struct eidc_config_load later = load; /* the same, with a list of its own */
    later.problems = warnings;
    later.found = NULL;
    probe_sources(&load, &later);
    probe_file(&load, "http.token_file", load.config->http.token_file, TOKEN_FILE_MAX);
    probe_tls(&load, check_tls);
    probe_key(&load);
    probe_bucket(&load);
    probe_folder(&later);
    eidc_config_problems_finish(&later);
    return eidc_config_load_end(&load, out);
}
