#include "eidcached/base/json.h"
#include "eidcached/ctl/answer.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/keys.h"
#include "eidcached/ctl/lookup_batch.h"

static bool find(const struct eidc_ctl_lookup *lookup, struct eidc_ctl_answer *answer)
{
    struct eidc_hits hits;
    struct eidc_record record;
    char text[EIDC_EID_TEXT_MAX];
    eidc_ctl_list_clear(&answer->values);
    bool found = lookup->reverse ? eidc_image_reverse(lookup->image, answer->key, &hits)
                                 : eidc_image_forward(lookup->image, answer->key, &hits);
    while (found && eidc_hits_next(&hits, &record)) {
        struct eidc_str eid = eidc_record_eid_text(lookup->image, &record, text);
        eidc_ctl_list_add(&answer->values, lookup->reverse ? record.name : eid);
    }
    return answer->values.count > 0;
}

int eidc_ctl_lookup_image(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys)
{
    struct eidc_ctl_answer answer = {.reverse = lookup->reverse, .alone = lookup->alone};
    for (size_t i = 0; i < keys->count; i++) {
        answer.key = eidc_ctl_list_at(keys, i);
        if (!find(lookup, &answer))
            lookup->missed = true;
        eidc_ctl_answer_print(lookup->ctl, &answer);
    }
    eidc_ctl_list_free(&answer.values);
    return EIDC_CTL_OK;
}

/* Up to a batch of keys; false: a key is bad. */
static bool fill(struct eidc_ctl_keys *keys, struct eidc_ctl_list *batch, struct eidc_err *err)
{
    struct eidc_str key;
    enum eidc_ctl_key got = EIDC_CTL_KEY;
    eidc_ctl_list_clear(batch);
    while (batch->count < EIDC_CTL_BATCH &&
           (got = eidc_ctl_keys_next(keys, &key, err)) == EIDC_CTL_KEY)
        eidc_ctl_list_add(batch, key);
    return got != EIDC_CTL_KEY_BAD;
}

static int answer_all(struct eidc_ctl_lookup *lookup, struct eidc_ctl_keys *keys)
{
    EIDC_CTL_LIST_AUTO batch = {0};
    struct eidc_err err;
    for (;;) {
        if (!fill(keys, &batch, &err)) {
            eidc_ctl_failed(lookup->ctl, lookup->command, &err, NULL);
            return err.kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
        }
        if (batch.count == 0)
            return lookup->missed ? EIDC_CTL_NOT_FOUND : EIDC_CTL_OK;
        int code = lookup->image != NULL ? eidc_ctl_lookup_image(lookup, &batch)
                                         : eidc_ctl_lookup_server(lookup, &batch);
        if (code != EIDC_CTL_OK)
            return code;
    }
}

/* Names that are hex digits alone are rare, EIDs with a prefix or in base32 are not. */
static bool looks_like_an_eid(const char *key)
{
    size_t n = strspn(key, "0123456789abcdefABCDEF");
    return n >= 8 && key[n] == '\0';
}

/* Says that the one key was not found, and which way it may have been meant. */
static void complain_of_miss(const struct eidc_ctl_lookup *lookup, const char *key,
                             const char *hint)
{
    bool other_way = looks_like_an_eid(key) != lookup->reverse;
    eidc_ctl_complain(lookup->ctl, "%s: not found: %s%s%s", lookup->command, key,
                      other_way ? "; " : "", other_way ? hint : "");
}

static int look_up(struct eidc_ctl *ctl, const char *command, bool reverse, const char *hint)
{
    struct eidc_ctl_keys keys = {.ctl = ctl, .what = reverse ? "EID" : "name"};
    struct eidc_ctl_lookup lookup = {
        .ctl = ctl, .command = command, .reverse = reverse, .alone = eidc_ctl_keys_alone(ctl)};
    struct eidc_err err;
    if (ctl->options.image != NULL && !eidc_image_map_file(ctl->options.image, &lookup.image, &err))
        return eidc_ctl_failed(ctl, command, &err, "`eidctl image verify` says more");
    int code = answer_all(&lookup, &keys);
    if (code == EIDC_CTL_NOT_FOUND && lookup.alone)
        complain_of_miss(&lookup, ctl->args[0], hint);
    eidc_ctl_keys_free(&keys);
    eidc_image_free(lookup.image);
    return code;
}

int eidc_ctl_forward(struct eidc_ctl *ctl)
{
    return look_up(ctl, "forward", false, "an EID is looked up with `eidctl reverse`");
}

int eidc_ctl_reverse(struct eidc_ctl *ctl)
{
    return look_up(ctl, "reverse", true, "a name is looked up with `eidctl forward`");
}

int eidc_ctl_image_lookup(struct eidc_ctl *ctl)
{
    ctl->options.image = ctl->args[0];
    ctl->args++;
    ctl->arg_count--;
    return look_up(ctl, "image lookup", ctl->options.reverse,
                   ctl->options.reverse ? "a name is looked up without --reverse"
                                        : "an EID is looked up with --reverse");
}
