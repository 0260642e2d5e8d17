#pragma once
/*
 * The table of list operations: a new AWS service is one row. A row says how a page is asked for
 * and where the names are in it; pages and tokens are handled here, calls and concurrency by the
 * source. Rules for all (AWS.md): an empty page with a token is normal; the end is a token that is
 * absent, null or ""; the same token twice is an error; a page counts only when it is whole and of
 * the right types.
 */
#include <cjson/cJSON.h>

#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

struct eidc_listing {
    const char *id;           /* "glue.tables": what `list:` names */
    const char *service;      /* signing name */
    const char *endpoint;     /* endpoint prefix, mostly the service */
    const char *env_suffix;   /* of AWS_ENDPOINT_URL_... */
    const char *operation;    /* "GetTables" */
    const char *target;       /* "AWSGlue": X-Amz-Target is target.operation */
    const char *json_version; /* "1.1" */
    const char *constant;     /* members always sent, as JSON without braces, or NULL */
    const char *optional;     /* the same, left out when the server refuses it (AttributesToGet) */
    const char *token_in, *token_out;
    const char *limit_key;
    unsigned limit;
    const char *list;         /* member that holds the list */
    const char *name;         /* member of an element that is its name; NULL: the element itself */
    const char *parent;       /* id of the row whose names this one fans out over, or NULL */
    const char *parent_key;   /* request member for the parent's name */
    const char *parent_field; /* the parent's name in name templates: "database" */
    const char *own_field;    /* this row's name in templates: "table" */
    const char *gone;         /* error code: the parent was deleted meanwhile */
    const char *default_name; /* template: "{database}.{table}" */
};

const struct eidc_listing *eidc_listing_find(const char *id); /* NULL: no such row */
const struct eidc_listing *eidc_listing_at(size_t index);     /* NULL past the end */

/* Appends the JSON body of a page's request. parent.n == 0: none. token.n == 0: first page. */
void eidc_listing_body(const struct eidc_listing *row, struct eidc_str parent,
                       struct eidc_str token, bool with_optional, struct eidc_buf *out);

/* Did the server refuse the row's optional members (an older or stricter stand-in)? Then the page
 * is asked for again without them. */
bool eidc_listing_refused_optional(const struct eidc_listing *row, const char *code,
                                   const char *message);

/* Checks a page and walks its elements in order: name is the element's name, element the object
 * itself (NULL for a bare string). item may fail (limit): the page fails with that error.
 * *token: the next token, empty at the end; untouched on failure. Errors: CORRUPT (not a whole
 * page). */
typedef bool eidc_listing_item(void *arg, struct eidc_str name, const cJSON *element,
                               struct eidc_err *err);
bool eidc_listing_page(const struct eidc_listing *row, struct eidc_str body,
                       eidc_listing_item *item, void *arg, struct eidc_buf *token,
                       struct eidc_err *err);

/* Name templates: text with {fields}. `{{` and `}}` are braces. */
struct eidc_template_field {
    const char *field;
    struct eidc_str value;
};
/* Checks a template against the fields a row offers (its own, its parents', "name", "region"). */
bool eidc_template_check(const struct eidc_listing *row, const char *text, struct eidc_err *err);
bool eidc_template_expand(const char *text, const struct eidc_template_field *fields, size_t n,
                          struct eidc_buf *out, struct eidc_err *err);
