#pragma once
/*
 * The configuration: parsed whole into one struct before anything starts. Each option is one row
 * of a table (config_options.h) that says name, type, default, range and help; defaults, checks,
 * environment names, the sample file and --help-config come from it.
 * Durations are milliseconds, sizes bytes, ratios per mille.
 */
#include "eidcached/adapters/filter.h"
#include "eidcached/aws/listing.h"
#include "eidcached/aws/settings.h"
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"
#include "eidcached/base/log.h"
#include "eidcached/core/eid.h"

struct eidc_strings {
    char **at;
    size_t n;
};

struct eidc_pairs {
    struct eidc_listing_given *at; /* the strings are owned too */
    size_t n;
};

enum eidc_stale_answers { EIDC_STALE_SERVE, EIDC_STALE_REFUSE };
enum eidc_source_type { EIDC_SOURCE_AWS, EIDC_SOURCE_FILE };

struct eidc_config_source {
    char *name;
    unsigned line, column; /* where it starts, for messages */
    enum eidc_source_type type;
    char *path;               /* file */
    char *list;               /* aws: a row of the listing table */
    struct eidc_pairs params; /* aws: what the row takes */
    char *name_template;      /* aws; NULL: the row's default */
    char *eid;                /* "checksum" or "field:/JSON/Pointer" */
    struct eidc_strings regions, include, exclude;
    struct eidc_aws_settings aws; /* overrides, unset where the source says nothing */
};

struct eidc_config {
    char *path; /* the file, or NULL */
    struct {
        struct eidc_strings listen;
        unsigned threads, max_connections;
        int64_t idle_timeout;
        uint64_t max_body, max_batch;
        char *token_file;
        char *tls_cert, *tls_key, *tls_client_ca;
        struct eidc_strings allowed_hosts;
        bool trust_proxy;
        unsigned access_log; /* per mille of the requests */
    } http;
    struct {
        int64_t interval, jitter, scope_interval, timeout, retry_min, retry_max, max_stale;
        unsigned jitter_per_mille; /* jitter was given as this share of the interval; 0: was not */
        enum eidc_stale_answers stale_answers;
        unsigned max_shrink; /* per mille */
        unsigned shrink_confirmations, concurrency;
        uint64_t max_names, max_response;
    } refresh;
    struct {
        char *algorithm, *prefix, *key_file;
        unsigned bits;
        enum eidc_eid_encoding encoding;
        bool keep_collisions; /* on_collision: keep */
    } eid;
    struct {
        char *dir, *s3;
        unsigned keep;
        bool compress, json;
        char *kms_key, *expected_owner;
        enum eidc_s3_addressing addressing;
        bool checksum_sha256;
    } snapshot;
    struct eidc_aws_settings aws;
    struct {
        enum eidc_log_level level;
        enum eidc_log_format format;
    } log;
    struct eidc_config_source *sources;
    size_t source_count;
};

/* Every problem found, each one line: "FILE:LINE:COLUMN: refresh.intervall: unknown option; did
 * you mean refresh.interval?". */
struct eidc_config_problems {
    struct eidc_buf text;
    unsigned count;
};

/* Reads path (NULL: defaults only), then the environment (EIDCACHED_SECTION_KEY), then checks the
 * whole. On failure *problems holds every problem and *out is NULL. */
bool eidc_config_load(const char *path, struct eidc_config **out,
                      struct eidc_config_problems *problems);
void eidc_config_free(struct eidc_config *config);
/* Tells what is wrong with the certificate, its key and the authorities, all of them readable; the
 * error begins with the option: "http.tls_key: ...". */
typedef bool eidc_config_tls_check(const struct eidc_config *config, struct eidc_err *err);
/* As load, and a look at files and the environment for what a start would refuse: no region, a key,
 * a token or a certificate that cannot be read. *warnings: what may be there by the time it is
 * needed. Options that are refused themselves are not looked at. Asks nothing of the network. */
bool eidc_config_probe(const char *path, eidc_config_tls_check *check_tls, struct eidc_config **out,
                       struct eidc_config_problems *problems,
                       struct eidc_config_problems *warnings);
/* Appends the options of a section ("http") that have other values in b: "http.threads,
 * http.max_body"; nothing: it is the same. */
void eidc_config_section_changes(const struct eidc_config *a, const struct eidc_config *b,
                                 const char *section, struct eidc_buf *out);
void eidc_config_problems_free(struct eidc_config_problems *problems);

/* How a source calls AWS: its own settings where it has any, else those of the aws section. */
struct eidc_aws_settings eidc_config_source_aws(const struct eidc_config *config,
                                                const struct eidc_config_source *source);

/* The effective configuration as YAML that loads to the same. */
void eidc_config_write(const struct eidc_config *config, struct eidc_buf *out);
/* Every option with its help, commented: config/eidcached.yaml is this. */
void eidc_config_write_sample(struct eidc_buf *out);
/* --help-config: a line or two an option. */
void eidc_config_write_help(struct eidc_buf *out);
/* The manual page eidcached.yaml(5), in mdoc(7). */
void eidc_config_write_manual(struct eidc_buf *out);
/* A JSON schema (draft 2020-12) of the file, for editors. */
void eidc_config_write_schema(struct eidc_buf *out);
