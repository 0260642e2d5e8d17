#include <inttypes.h>
#include <time.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/client.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/entry.h"
#include "eidcached/ctl/last_words.h"

#define FOLLOW_WAIT_S 30 /* a poll; below the time-outs of proxies */
#define AGAIN_BASE_MS 250
#define AGAIN_MAX_MS  5000

/* What the next poll asks for. */
struct poll {
    bool any_since;
    uint64_t since;
    unsigned wait_s;
    bool answered;     /* then since is of the last answer */
    unsigned failures; /* since then */
};

static const struct {
    const char *member;
    enum eidc_change change;
} lists[] = {{"added", EIDC_ADDED}, {"removed", EIDC_REMOVED}};

static bool put_list(const struct eidc_ctl *ctl, const cJSON *list, enum eidc_change change)
{
    const cJSON *entry;
    struct eidc_str name, eid;
    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(entry, list)
    {
        if (!eidc_json_get_str(entry, "name", &name) || !eidc_json_get_str(entry, "eid", &eid))
            return false;
        eidc_ctl_changed_pair_put(ctl, change, name, eid);
    }
    return true;
}

/* As JSON it is the server's own document, on a line: it says which generations it is about. */
static bool put_changes(const struct eidc_ctl *ctl, const cJSON *doc, struct eidc_str body)
{
    for (size_t i = 0; !ctl->options.json && i < sizeof lists / sizeof lists[0]; i++) {
        if (!put_list(ctl, cJSON_GetObjectItemCaseSensitive(doc, lists[i].member), lists[i].change))
            return false;
    }
    if (ctl->options.json)
        eidc_ctl_put_document(ctl, body);
    return true;
}

/* A poll that brought nothing new is not shown by --follow. */
static bool take_answer(const struct eidc_ctl *ctl, struct eidc_str body, struct poll *poll,
                        struct eidc_err *err)
{
    EIDC_CJSON_AUTO *doc = NULL;
    uint64_t since, generation;
    if (!eidc_json_parse(body, &doc, err))
        return false;
    if (!eidc_json_get_u64(doc, "since", &since) ||
        !eidc_json_get_u64(doc, "generation", &generation) ||
        ((!ctl->options.follow || since != generation) && !put_changes(ctl, doc, body)))
        return eidc_fail(err, EIDC_ERR_INVALID, "it is no list of changes");
    *poll = (struct poll){
        .any_since = true, .since = generation, .wait_s = FOLLOW_WAIT_S, .answered = true};
    return true;
}

/* Text lines name no generation to go on from. */
static void prepare_last_words(const struct eidc_ctl *ctl, const struct poll *poll)
{
    if (!ctl->options.json)
        eidc_ctl_last_words_set(ctl,
                                "changes: last generation %" PRIu64 ": go on with --since %" PRIu64,
                                poll->since, poll->since);
}

/* A restart, or a proxy that sees one. */
static bool may_pass(bool exchanged, int status, enum eidc_err_kind kind)
{
    if (!exchanged)
        return kind == EIDC_ERR_UNAVAILABLE || kind == EIDC_ERR_TIMEOUT;
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static void pause_before_next(struct poll *poll)
{
    int64_t ms = eidc_backoff_ms(poll->failures++, AGAIN_BASE_MS, AGAIN_MAX_MS);
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static bool exchange(struct eidc_ctl *ctl, const struct poll *poll,
                     struct eidc_http_response *response, struct eidc_err *err)
{
    EIDC_BUF_AUTO target = {0};
    eidc_buf_addf(&target, "/v1/changes?wait=%us", poll->wait_s);
    if (poll->any_since)
        eidc_buf_addf(&target, "&since=%" PRIu64, poll->since);
    const struct eidc_ctl_request request = {
        .method = "GET", .target = target.p, .wait_s = poll->wait_s};
    return eidc_ctl_exchange(ctl, &request, response, err);
}

/* Returns the exit code. An outage is told once. */
static int ask(struct eidc_ctl *ctl, struct poll *poll)
{
    EIDC_CTL_RESPONSE_AUTO response = {0};
    struct eidc_err err = {0};
    int code = EIDC_CTL_OK;
    bool exchanged = exchange(ctl, poll, &response, &err);
    if (exchanged && response.status == 200) {
        if (!take_answer(ctl, eidc_buf_view(&response.body), poll, &err))
            return eidc_ctl_failed(ctl, "changes: the server's answer", &err, NULL);
        return EIDC_CTL_OK;
    }
    bool again =
        ctl->options.follow && poll->answered && may_pass(exchanged, response.status, err.kind);
    if (!again || poll->failures == 0)
        code = exchanged ? eidc_ctl_refused(ctl, "changes", &response)
                         : eidc_ctl_unreachable(ctl, "changes", &err);
    if (response.status == 410)
        eidc_ctl_last_words_drop(); /* there is no going on */
    if (!again)
        return code;
    if (poll->failures == 0)
        eidc_ctl_complain(ctl, "changes: asking again until it answers");
    pause_before_next(poll);
    return EIDC_CTL_OK;
}

int eidc_ctl_changes(struct eidc_ctl *ctl)
{
    const struct eidc_ctl_options *o = &ctl->options;
    struct poll poll = {
        .any_since = o->given & EIDC_CTL_BIT(EIDC_CTL_SINCE),
        .since = o->since,
        .wait_s = o->wait ? o->wait_s : 0,
    };
    if (!poll.any_since && !o->wait && !o->follow) {
        eidc_ctl_complain(ctl, "changes: needs --since, --wait or --follow; see eidctl changes "
                               "--help");
        return EIDC_CTL_USAGE;
    }
    int code;
    do {
        code = ask(ctl, &poll);
        fflush(ctl->io->out);
        if (poll.answered && poll.failures == 0 && code == EIDC_CTL_OK)
            prepare_last_words(ctl, &poll);
    } while (code == EIDC_CTL_OK && o->follow && !ferror(ctl->io->out));
    eidc_ctl_last_words_say(ctl);
    return code;
}
