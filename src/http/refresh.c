#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/http/handlers.h"
#include "eidcached/http/parameters.h"
#include "eidcached/http/query.h"

/* False, with a 400 in r. */
static bool read_refresh_query(struct eidc_request *r, bool *accept_shrink, int64_t *wait_ms)
{
    struct eidc_param param;
    if (eidc_query_find(r->query, "accept_shrink", &param) &&
        !eidc_query_bool(&param, accept_shrink)) {
        eidc_answer_problem(r, 400, "accept_shrink is true or false");
        return false;
    }
    return eidc_parameter_wait(r, wait_ms);
}

static void answer_accepted(struct eidc_request *r, uint64_t ticket)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_u64(&j, "ticket", ticket);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 202;
    r->answer.content_type = EIDC_TYPE_JSON;
}

static void answer_outcome(struct eidc_request *r, const struct eidc_round_report *round)
{
    struct eidc_json j = eidc_json_to(&r->out);
    eidc_json_open_object(&j);
    eidc_json_put_u64(&j, "ticket", round->ticket);
    eidc_round_outcome_write(round, &j);
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&r->out, '\n');
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_JSON;
}

/* Called a second time when the wait is over. */
static void finish_wait(struct eidc_request *r)
{
    if (r->wait.round != NULL)
        answer_outcome(r, r->wait.round);
    else
        answer_accepted(r, r->wait.ticket);
}

void eidc_handle_refresh(struct eidc_request *r)
{
    bool accept_shrink = false;
    int64_t wait_ms = 0;
    uint64_t ticket = 0;
    r->answer.no_store = true;
    if (r->wait.over) {
        finish_wait(r);
        return;
    }
    if (!read_refresh_query(r, &accept_shrink, &wait_ms))
        return;
    if (!eidc_service_request_refresh(r->service, accept_shrink, &ticket)) {
        eidc_answer_unavailable(r, "there is no refresher to ask now");
        return;
    }
    if (wait_ms == 0)
        answer_accepted(r, ticket);
    else
        r->wait = (struct eidc_wait){.ticket = ticket, .until_ms = eidc_mono_ms() + wait_ms};
}
