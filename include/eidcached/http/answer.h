#pragma once
/* The answer to a request, as a handler leaves it for respond.c. */
#include "eidcached/core/current.h"

struct eidc_request;
struct eidc_stream; /* an answer made while it is sent */

/* Bytes of an image, sent from where they are. */
struct eidc_excerpt {
    struct eidc_generation *pinned;
    uint64_t from, n;
    bool whole;        /* else it is a range */
    char filename[64]; /* for those who save it */
};

/* Bytes that are made at a time of an answer which many may have waited for, and get at once. */
#define EIDC_AWAITED_PIECE (16ul * 1024)

struct eidc_header {
    const char *name, *value;
};

struct eidc_answer {
    unsigned status; /* 0: none yet */
    const char *content_type;
    char etag[EIDC_IMAGE_ID_TEXT + 2]; /* "" or quoted id */
    bool has_generation;               /* then: number, age, and the time */
    uint64_t generation;
    int64_t age_s, now_s; /* seconds; now_s since the Unix epoch */
    unsigned retry_after_s;
    const char *allow;
    const struct eidc_header *headers; /* further ones, up to a NULL name; NULL: none */
    bool www_authenticate, vary_accept, no_store, close;
    bool gzip;                    /* so is it encoded */
    bool reusable;                /* whole, and with no headers but those of every look-up */
    uint64_t unsatisfied;         /* 416: of how many bytes; else 0 */
    struct eidc_stream *stream;   /* goes on after `out`; NULL: `out` is all */
    struct eidc_excerpt *excerpt; /* is sent in place of `out`; owned */
};

/* Frees a stream or an excerpt that is not yet queued: from then on respond.c has it. */
void eidc_answer_drop_body(struct eidc_answer *answer);
void eidc_excerpt_free(struct eidc_excerpt *excerpt); /* NULL is fine */

/* RFC 9457: replaces whatever answer there was. The title comes from the status. */
void eidc_answer_problem(struct eidc_request *r, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* 503 with Retry-After. */
void eidc_answer_unavailable(struct eidc_request *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* 200, with what the stream writes: whole and with its length when it is short, else streamed.
 * Takes the stream. */
void eidc_answer_stream(struct eidc_request *r, struct eidc_stream *stream,
                        const char *content_type);

#define EIDC_TYPE_JSON    "application/json"
#define EIDC_TYPE_TEXT    "text/plain; charset=utf-8"
#define EIDC_TYPE_PROBLEM "application/problem+json"
