#pragma once
/* eidctl against a scripted daemon. */
#include "tests/support/fake_http.h"
#include "tests/unit/ctl/run.h"

#define BASE    "http://127.0.0.1:8627"
#define PROBLEM "Content-Type: application/problem+json"

static const struct fake_exchange *script;
static size_t script_n;
static struct eidc_http_client_ops ended_ops;
static const struct eidc_http_client_ops *fake_ops;
static char last_socket[64];
static int64_t last_timeout_ms;
static bool last_no_proxy;

/* eidctl destroys its client; the script must have been played to its end by then. */
static void end(struct eidc_http_client *c)
{
    const struct fake_request *last = fake_http_request(c, fake_http_count(c) - 1);
    snprintf(last_socket, sizeof last_socket, "%s", last->unix_socket ? last->unix_socket : "");
    last_timeout_ms = last->timeout_ms;
    last_no_proxy = last->no_proxy;
    c->ops = fake_ops;
    fake_http_end(c);
}

static bool scripted(const char *user_agent, struct eidc_http_client **out, struct eidc_err *err)
{
    (void)err;
    says(user_agent, "eidctl/");
    struct eidc_http_client *c = fake_http_new(script, script_n);
    fake_ops = c->ops;
    ended_ops = *c->ops;
    ended_ops.destroy = end;
    c->ops = &ended_ops;
    *out = c;
    return true;
}

#define PLAY(exchanges, ...)                                                                       \
    (script = (exchanges), script_n = sizeof(exchanges) / sizeof((exchanges)[0]),                  \
     run_io("", false, scripted, ARGS(__VA_ARGS__)))
