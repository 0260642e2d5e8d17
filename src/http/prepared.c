/*
 * A response is held by its thread's table, by libmicrohttpd while it has it, and by the connection
 * that sends it, which may outlive the thread when the server stops: whoever is last frees it.
 */
#include "eidcached/http/prepared.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "eidcached/base/mem.h"
#include "eidcached/http/respond.h"

#define BODY_MAX  256
#define DATE_TEXT 32

struct eidc_prepared {
    atomic_uint holders;
    atomic_bool sending;
    struct MHD_Response *response;
    const char *content_type;
    char etag[EIDC_IMAGE_ID_TEXT + 2];
    uint64_t generation;
    int64_t age_s, now_s;
    char date[DATE_TEXT];
    char body[BODY_MAX];
};

struct table {
    struct eidc_prepared *at[BODY_MAX][2]; /* length; JSON or text */
};

static pthread_key_t key;

static void let_go(struct eidc_prepared *prepared)
{
    if (atomic_fetch_sub(&prepared->holders, 1) == 1)
        free(prepared);
}

/* libmicrohttpd is done with the body. */
static void body_free(void *arg)
{
    let_go(arg);
}

static void drop(struct eidc_prepared *prepared)
{
    if (prepared == NULL)
        return;
    MHD_destroy_response(prepared->response);
    let_go(prepared);
}

static void table_free(void *arg)
{
    struct table *table = arg;
    for (size_t n = 0; n < BODY_MAX; n++) {
        drop(table->at[n][0]);
        drop(table->at[n][1]);
    }
    free(table);
}

static void make_key(void)
{
    pthread_key_create(&key, table_free);
}

static struct table *own_table(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local struct table *own;
    if (own == NULL) {
        pthread_once(&once, make_key);
        own = eidc_xcalloc(1, sizeof(*own));
        pthread_setspecific(key, own);
    }
    return own;
}

static struct eidc_prepared **place_of(const struct eidc_request *r)
{
    const bool text = r->answer.content_type[0] == 't'; /* text/plain, else application/json */
    return &own_table()->at[r->out.n][text];
}

static bool is_sending(const struct eidc_prepared *prepared)
{
    return atomic_load_explicit(&prepared->sending, memory_order_relaxed);
}

/* Its headers but Age and Date are those of this answer. */
static bool fits(const struct eidc_prepared *prepared, const struct eidc_answer *a)
{
    return prepared->generation == a->generation && prepared->content_type == a->content_type &&
           strcmp(prepared->etag, a->etag) == 0;
}

static struct eidc_prepared *make(const struct eidc_request *r)
{
    struct eidc_prepared *fresh = eidc_xcalloc(1, sizeof(*fresh));
    fresh->response = MHD_create_response_from_buffer_with_free_callback_cls(r->out.n, fresh->body,
                                                                             body_free, fresh);
    if (fresh->response == NULL) {
        free(fresh);
        return NULL;
    }
    atomic_init(&fresh->holders, 2);
    fresh->content_type = r->answer.content_type;
    fresh->generation = r->answer.generation;
    fresh->age_s = r->answer.age_s;
    memcpy(fresh->etag, r->answer.etag, sizeof(fresh->etag));
    eidc_respond_headers(fresh->response, &r->answer);
    return fresh;
}

static void set_age(struct eidc_prepared *prepared, int64_t age_s)
{
    char text[EIDC_NUMBER_TEXT];
    if (prepared->age_s == age_s)
        return;
    MHD_del_response_header(prepared->response, "Age",
                            eidc_respond_number((uint64_t)prepared->age_s, text));
    MHD_add_response_header(prepared->response, "Age", eidc_respond_number((uint64_t)age_s, text));
    prepared->age_s = age_s;
}

/* RFC 9110 section 5.6.7. libmicrohttpd would print it for each answer, under the lock of the time
 * zone. */
static void set_date(struct eidc_prepared *prepared, int64_t now_s)
{
    struct tm tm;
    time_t now = (time_t)now_s;
    if (prepared->now_s == now_s)
        return;
    MHD_del_response_header(prepared->response, "Date", prepared->date);
    strftime(prepared->date, sizeof(prepared->date), "%a, %d %b %Y %H:%M:%S GMT",
             gmtime_r(&now, &tm));
    MHD_add_response_header(prepared->response, "Date", prepared->date);
    prepared->now_s = now_s;
}

/* Puts r's answer in; it is the connection's, too, from here on. */
static void fill(struct eidc_prepared *prepared, const struct eidc_request *r)
{
    set_age(prepared, r->answer.age_s);
    set_date(prepared, r->answer.now_s);
    if (r->out.n > 0) /* else there may be no buffer at all: an empty batch as text */
        memcpy(prepared->body, r->out.p, r->out.n);
    atomic_store_explicit(&prepared->sending, true, memory_order_relaxed);
    atomic_fetch_add(&prepared->holders, 1);
}

struct eidc_prepared *eidc_prepared_take(const struct eidc_request *r)
{
    if (!r->answer.reusable || r->answer.close || r->out.n >= BODY_MAX)
        return NULL;
    struct eidc_prepared **place = place_of(r), *kept = *place;
    if (kept != NULL && is_sending(kept))
        return NULL;
    if (kept == NULL || !fits(kept, &r->answer)) {
        drop(kept);
        kept = *place = make(r);
    }
    if (kept != NULL)
        fill(kept, r);
    return kept;
}

struct MHD_Response *eidc_prepared_response(const struct eidc_prepared *prepared)
{
    return prepared->response;
}

void eidc_prepared_release(struct eidc_prepared *prepared)
{
    if (prepared == NULL)
        return;
    atomic_store_explicit(&prepared->sending, false, memory_order_relaxed);
    let_go(prepared);
}
