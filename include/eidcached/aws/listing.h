#pragma once
/*
 * The table of list operations: a new AWS service is a few rows, and no code. A row says how a page
 * is asked for and where the names are in it; here a page's request is written and its answer read.
 * Rules for all (AWS's models): an empty page with a token is normal; the end is a token that is
 * absent, null or "", or a `more` flag that is false; the same token twice is an error; a page
 * counts only when it is whole and of the right types.
 *
 * Lists of words ("Arn Id") are separated by one blank. Members are named as on the wire.
 */
#include <cjson/cJSON.h>

#include "eidcached/aws/sigv4.h"
#include "eidcached/base/err.h"

enum eidc_listing_protocol {
    EIDC_LISTING_JSON_1_0, /* POST / with X-Amz-Target and a JSON body */
    EIDC_LISTING_JSON_1_1,
    EIDC_LISTING_REST_JSON, /* the row's method and path; what is not in the path goes into the
                               query of a GET, into the JSON body of a POST */
    EIDC_LISTING_REST_XML,  /* the same request; the answer is XML */
};

struct eidc_listing_service {
    const char *sign;       /* signing name */
    const char *endpoint;   /* endpoint prefix, mostly the same */
    const char *env_suffix; /* of AWS_ENDPOINT_URL_...: the service's id in capitals */
    const char *iam;        /* prefix of its IAM actions */
    enum eidc_listing_protocol protocol;
    const char *target; /* JSON: "AWSGlue": X-Amz-Target is target.operation */
    bool global;        /* the same from every region: listed once, not once a region */
};

struct eidc_listing_member {
    const char *key, *json;
};

enum eidc_listing_need {
    EIDC_LISTING_MAY,    /* may be given */
    EIDC_LISTING_MUST,   /* must be given */
    EIDC_LISTING_ONE_OF, /* exactly one of the row's parameters of this kind must be given */
};

/* A request member of type string that the configuration gives (`params:`). */
struct eidc_listing_param {
    const char *key;
    enum eidc_listing_need need;
    const char *fallback; /* sent when it is not given, or NULL */
    const char *help;
    const char *actions; /* IAM actions that its use needs besides the row's, or NULL */
};

#define EIDC_LISTING_DEPTH   2 /* rows above a row */
#define EIDC_LISTING_PARAMS  6
#define EIDC_LISTING_CONSTS  2
#define EIDC_LISTING_MEMBERS 16 /* of a request, at most */

struct eidc_listing {
    const char *id; /* "glue.tables": what `list:` names */
    const struct eidc_listing_service *service;
    const char *operation;     /* "GetTables" */
    const char *method, *path; /* REST; "/tables/{tableBucketARN}" */
    struct eidc_listing_member constants[EIDC_LISTING_CONSTS]; /* always sent */
    struct eidc_listing_member optional; /* sent while only names are wanted; left out when the
                                            server refuses it (AttributesToGet) */
    struct eidc_listing_param params[EIDC_LISTING_PARAMS];
    const char *token_in, *token_out; /* token_out NULL: the token is the page's last name */
    const char *more;                 /* member of the answer: are there more pages? or NULL */
    const char *limit_key;            /* or NULL */
    unsigned limit;
    const char *list;   /* path to the list, with its root element when XML: "A/B" */
    const char *name;   /* path to the name in an element ("Name", "namespace/0"); NULL: the element
                           is the name */
    bool last_part;     /* the name is what stands behind the last '/' (URLs, ARNs) */
    const char *fields; /* an element's members that are scalars: {Member}, field:/Member */
    const char *objects; /* those that are objects: field:/Member/... */

    const char *parent;                          /* row whose names this one fans out over */
    const char *parent_keys[EIDC_LISTING_DEPTH]; /* request members for what the rows above found,
                                                    the outermost first */
    const char *asked_by; /* member of an element that children are asked by; NULL: the name */
    bool recursive;   /* what is listed is in its turn asked for its children, by parent_keys[0] */
    const char *gone; /* error codes: the parent was deleted meanwhile */

    const char *own_field;    /* this row's name in templates: "table" */
    const char *default_name; /* template: "{database}.{table}" */
    const char *actions;      /* IAM actions; NULL: the operation's own name */
    const char *note;         /* what its user should know, or NULL */
};

/* The template field, besides the rows' own, of a recursive row: the names above, with '/'. */
#define EIDC_LISTING_PATH_FIELD "parent"

const struct eidc_listing *eidc_listing_find(const char *id); /* NULL: no such row */
const struct eidc_listing *eidc_listing_at(size_t index);     /* NULL past the end */

/* The rows above it, the outermost first; their number. */
size_t eidc_listing_above(const struct eidc_listing *row,
                          const struct eidc_listing *above[static EIDC_LISTING_DEPTH]);
/* Appends the IAM actions of one row alone, as words. */
void eidc_listing_actions(const struct eidc_listing *row, struct eidc_buf *out);
/* Is there one of the row's parameters of this name? NULL: no. */
const struct eidc_listing_param *eidc_listing_param(const struct eidc_listing *row,
                                                    const char *key);
/* Can `field:` EIDs point there? INVALID says what the row has. */
bool eidc_listing_check_pointer(const struct eidc_listing *row, const char *pointer,
                                struct eidc_err *err);

/* ---- a page's request ---- */

struct eidc_listing_given {
    const char *key, *value;
};

struct eidc_listing_ask {
    const struct eidc_str *parents;         /* for the row's parent_keys, as many as it has */
    const struct eidc_listing_given *given; /* parameters */
    size_t given_count;
    struct eidc_str token; /* n == 0: the first page */
    bool with_optional;
};

/* Valid when zeroed; used again and again. Views point into the ask and into buffers. */
struct eidc_listing_request {
    const char *method;
    struct eidc_buf path; /* percent-encoded */
    struct eidc_sigv4_param params[EIDC_LISTING_MEMBERS];
    size_t param_count;
    struct eidc_buf body;
    char content_type[40];  /* "": none */
    struct eidc_buf target; /* X-Amz-Target; empty: none */
    struct eidc_buf values; /* private: what params have to hold themselves */
};
void eidc_listing_request(const struct eidc_listing *row, const struct eidc_listing_ask *ask,
                          struct eidc_listing_request *out);
void eidc_listing_request_free(struct eidc_listing_request *request);

/* Did the server refuse the row's optional member (an older or stricter stand-in)? Then the page
 * is asked for again without it. */
bool eidc_listing_refused_optional(const struct eidc_listing *row, const char *code,
                                   const char *message);

/* ---- a page ---- */

/* Checks a page and walks its elements in order: name is the element's name, element the object
 * itself (NULL for a bare string). item may fail (limit): the page fails with that error.
 * *token: the next token, empty at the end; untouched on failure. Errors: CORRUPT (not a whole
 * page). */
typedef bool eidc_listing_item(void *arg, struct eidc_str name, const cJSON *element,
                               struct eidc_err *err);
bool eidc_listing_page(const struct eidc_listing *row, struct eidc_str body,
                       eidc_listing_item *item, void *arg, struct eidc_buf *token,
                       struct eidc_err *err);
