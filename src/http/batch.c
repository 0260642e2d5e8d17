#include "eidcached/http/batch_stream.h"
#include "eidcached/http/freshness.h"
#include "eidcached/http/http_metrics.h"

/* Moves the request's keys out of it. */
static struct eidc_keys take_keys(struct eidc_request *r, enum eidc_direction direction)
{
    struct eidc_keys keys = {.form = EIDC_KEYS_QUERY, .parameter = eidc_directions[direction].key};
    if (r->method != EIDC_POST) {
        eidc_buf_add_str(&keys.text, r->query);
        return keys;
    }
    bool json = eidc_content_media(r->headers.content_type) == EIDC_MEDIA_JSON;
    keys.form = json ? EIDC_KEYS_JSON : EIDC_KEYS_LINES;
    keys.text = r->body;
    keys.text.limit = 0;
    r->body = (struct eidc_buf){0};
    return keys;
}

static enum eidc_media answer_media(const struct eidc_request *r)
{
    enum eidc_media asked =
        r->method == EIDC_POST ? eidc_content_media(r->headers.content_type) : EIDC_MEDIA_JSON;
    return eidc_accept(r->headers.accept, asked);
}

/* False, with the problem in r. */
static bool check_keys(struct eidc_request *r, struct eidc_keys *keys, enum eidc_media media)
{
    struct eidc_err err;
    if (!eidc_keys_check(keys, r->service->config->http.max_batch, &err)) {
        if (err.kind == EIDC_ERR_LIMIT)
            eidc_http_count_rejected(EIDC_REJECTED_KEYS);
        if (err.kind == EIDC_ERR_NOMEM)
            eidc_answer_unavailable(r, "%s", err.text);
        else
            eidc_answer_problem(r, err.kind == EIDC_ERR_LIMIT ? 413 : 400, "%s", err.text);
        return false;
    }
    if (keys->form == EIDC_KEYS_QUERY && keys->count == 0) {
        eidc_answer_problem(r, 400, "there is no parameter %s in the query", keys->parameter);
        return false;
    }
    if (media == EIDC_MEDIA_TEXT && keys->newline_in_a_key) {
        eidc_answer_problem(r, 400, "a key holds a newline: ask for application/json");
        return false;
    }
    return true;
}

static void look_up_all(struct eidc_request *r, enum eidc_direction direction)
{
    enum eidc_media media = answer_media(r);
    r->answer.vary_accept = true;
    struct eidc_keys keys = take_keys(r, direction);
    if (!check_keys(r, &keys, media)) {
        eidc_keys_free(&keys);
        return;
    }
    struct eidc_generation *pinned = eidc_current_pin();
    if (!eidc_answer_from(r, pinned) || eidc_not_modified(r)) {
        eidc_generation_unpin(pinned);
        eidc_keys_free(&keys);
        return;
    }
    eidc_answer_stream(r, eidc_batch_stream(pinned, &keys, direction, media),
                       media == EIDC_MEDIA_TEXT ? EIDC_TYPE_TEXT : EIDC_TYPE_JSON);
    r->answer.reusable = r->answer.stream == NULL;
}

void eidc_handle_forward_batch(struct eidc_request *r)
{
    look_up_all(r, EIDC_FORWARD);
}

void eidc_handle_reverse_batch(struct eidc_request *r)
{
    look_up_all(r, EIDC_REVERSE);
}
