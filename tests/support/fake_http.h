#pragma once
/*
 * An eidc_http_client that plays a script in virtual time: requests must come in the order of the
 * script and look as it says, or the running cmocka test fails; answers, time-outs and timers come
 * when step() moves the clock to them. Nothing sleeps. destroy() is quiet; fake_http_end() checks
 * that the script was played to its end first.
 */
#include "eidcached/net/http_client.h"

#define FAKE_HEADERS_MAX 8
#define FAKE_BODY_MAX    4

struct fake_exchange {
    /* What must be asked. NULL: anything will do. */
    const char *method;
    const char *url;                          /* whole; with a '*' at its end: starts with */
    const char *has_header[FAKE_HEADERS_MAX]; /* "Name: part of the value"; "!Name": absent */
    const char *has_body[FAKE_BODY_MAX];      /* parts of the body */
    unsigned times;                           /* the exchange happens this often; 0: once */
    /* What is answered. The request's time-outs, max_response and delay_ms play together. */
    int status;
    const char *headers[FAKE_HEADERS_MAX]; /* "Name: value" */
    const char *body;                      /* NULL: empty */
    size_t body_n;                         /* 0: strlen(body) */
    int64_t delay_ms;                      /* of silence */
    int64_t transfer_ms;                   /* while bytes move, fast enough for low_speed_* */
    enum eidc_err_kind error;              /* instead of an answer: TIMEOUT, UNAVAILABLE ... */
    bool never; /* no answer: only the request's time-out or cancel() ends it */
};

/* The script must live as long as the client. */
struct eidc_http_client *fake_http_new(const struct fake_exchange *script, size_t n);
/* Fails the test if exchanges are left over or something is outstanding; then destroys. */
void fake_http_end(struct eidc_http_client *c);

/* What was asked so far, kept until the client is destroyed. */
struct fake_request {
    char *method, *url;
    struct eidc_http_headers headers;
    struct eidc_buf body;
    char *unix_socket, *ca_bundle;
    int64_t connect_timeout_ms, timeout_ms, low_speed_ms;
    uint32_t low_speed_bytes;
    size_t max_response;
    bool no_proxy;
    int64_t at_ms; /* virtual time of its start */
};
size_t fake_http_count(const struct eidc_http_client *c);
const struct fake_request *fake_http_request(const struct eidc_http_client *c, size_t index);
int64_t fake_http_now(const struct eidc_http_client *c);         /* virtual milliseconds, from 0 */
size_t fake_http_most_at_once(const struct eidc_http_client *c); /* highest number in flight */
