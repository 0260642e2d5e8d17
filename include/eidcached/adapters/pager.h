#pragma once
/*
 * One listing of a row, page after page until its end: names come out whole or not at all. A page
 * that is damaged is asked for again by the engine; members the server does not know are left out
 * from then on; a page token that expired starts the listing over, once; a token that comes twice
 * is an error. For source_aws_run.c.
 */
#include "eidcached/aws/call.h"
#include "eidcached/aws/listing.h"
#include "eidcached/core/names.h"

struct eidc_pager;

/* What to do with a listed element: add to names, or leave it out. False fails the listing. */
typedef bool eidc_pager_item(void *arg, struct eidc_str name, const cJSON *element,
                             struct eidc_names *names, struct eidc_err *err);
/* names: all of them (may be moved out), or NULL and why: code is AWS's error code or "". The
 * pager may be freed from here. Always called, from step(). */
typedef void eidc_pager_ended(void *arg, struct eidc_names *names, const char *code,
                              const struct eidc_err *err);

struct eidc_pager_plan {
    struct eidc_aws *aws;
    const struct eidc_aws_target *target;
    const struct eidc_listing *row;
    const struct eidc_str *parents; /* eidc_listing_ask's; these must outlive the pager */
    const struct eidc_listing_given *given;
    size_t given_count;
    size_t max_response;    /* bytes of one page */
    uint64_t max_names;     /* 0: none */
    uint64_t *total;        /* names of all listings that share the limit */
    bool *without_optional; /* what was learnt about this server; shared */
    const bool *abandoned;  /* see eidc_aws_request */
    eidc_pager_item *item;
    eidc_pager_ended *ended;
    void *arg;
};

/* Starts at once. */
struct eidc_pager *eidc_pager_new(const struct eidc_pager_plan *plan);
/* Only after ended. What was not moved out of names no longer counts in *total. */
void eidc_pager_free(struct eidc_pager *pager);
