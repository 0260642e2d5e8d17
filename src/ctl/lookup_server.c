#include "eidcached/base/encode.h"
#include "eidcached/base/json.h"
#include "eidcached/base/json_read.h"
#include "eidcached/ctl/answer.h"
#include "eidcached/ctl/client.h"
#include "eidcached/ctl/lookup_batch.h"

/* The values of one result object: {"name":…,"eid":"…"[,"eids":[…]]}, or null for a miss. */
static bool read_values(const cJSON *result, struct eidc_ctl_answer *answer)
{
    const cJSON *one = cJSON_GetObjectItemCaseSensitive(result, answer->reverse ? "name" : "eid");
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(result, answer->reverse ? "names" : "eids");
    const cJSON *each;
    eidc_ctl_list_clear(&answer->values);
    if (cJSON_IsNull(one))
        return true;
    if (!cJSON_IsString(one))
        return false;
    if (!cJSON_IsArray(all))
        eidc_ctl_list_add(&answer->values, eidc_str_of(one->valuestring));
    cJSON_ArrayForEach(each, all)
    {
        if (!cJSON_IsString(each))
            return false;
        eidc_ctl_list_add(&answer->values, eidc_str_of(each->valuestring));
    }
    return answer->values.count > 0;
}

static bool odd(struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_CORRUPT, "the server's answer is not what was asked for");
}

static void print(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_answer *answer)
{
    if (answer->values.count == 0)
        lookup->missed = true;
    eidc_ctl_answer_print(lookup->ctl, answer);
}

/* Nothing is printed unless the whole answer is good. */
static bool print_results(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys,
                          struct eidc_str body, struct eidc_err *err)
{
    struct eidc_ctl_answer answer = {.reverse = lookup->reverse};
    EIDC_CJSON_AUTO *doc = NULL;
    if (!eidc_json_parse(body, &doc, err))
        return eidc_wrap(err, "the server's answer");
    const cJSON *results = cJSON_GetObjectItemCaseSensitive(doc, "results");
    const cJSON *each;
    size_t n = 0;
    bool good = cJSON_IsArray(results);
    cJSON_ArrayForEach(each, results)
    {
        good = good && ++n <= keys->count && read_values(each, &answer);
    }
    good = good && n == keys->count;
    n = 0;
    for (each = good ? results->child : NULL; each != NULL; each = each->next) {
        answer.key = eidc_ctl_list_at(keys, n++);
        read_values(each, &answer);
        print(lookup, &answer);
    }
    eidc_ctl_list_free(&answer.values);
    return good || odd(err);
}

static int ask_many(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys)
{
    const char *what = lookup->command;
    EIDC_CTL_RESPONSE_AUTO response = {0};
    EIDC_BUF_AUTO body = {0};
    struct eidc_err err;
    struct eidc_json j = eidc_json_to(&body);
    eidc_json_open_array(&j);
    for (size_t i = 0; i < keys->count; i++)
        eidc_json_str(&j, eidc_ctl_list_at(keys, i));
    eidc_json_close_array(&j);
    const struct eidc_ctl_request request = {
        .method = "POST",
        .target = lookup->reverse ? "/v1/reverse" : "/v1/forward",
        .body = eidc_buf_view(&body),
    };
    if (!eidc_ctl_exchange(lookup->ctl, &request, &response, &err))
        return eidc_ctl_unreachable(lookup->ctl, what, &err);
    if (response.status != 200)
        return eidc_ctl_refused(lookup->ctl, what, &response);
    if (!print_results(lookup, keys, eidc_buf_view(&response.body), &err))
        return eidc_ctl_failed(lookup->ctl, what, &err, NULL);
    return EIDC_CTL_OK;
}

static bool print_result(struct eidc_ctl_lookup *lookup, struct eidc_str key, struct eidc_str body,
                         struct eidc_err *err)
{
    struct eidc_ctl_answer answer = {.reverse = lookup->reverse, .alone = true, .key = key};
    EIDC_CJSON_AUTO *doc = NULL;
    if (!eidc_json_parse(body, &doc, err))
        return eidc_wrap(err, "the server's answer");
    bool good = read_values(doc, &answer);
    if (good)
        print(lookup, &answer);
    eidc_ctl_list_free(&answer.values);
    return good || odd(err);
}

static int ask_one(struct eidc_ctl_lookup *lookup, struct eidc_str key)
{
    const char *what = lookup->command;
    EIDC_CTL_RESPONSE_AUTO response = {0};
    EIDC_BUF_AUTO target = {0};
    struct eidc_err err;
    eidc_buf_add_z(&target, lookup->reverse ? "/v1/reverse/" : "/v1/forward/");
    eidc_percent_encode(&target, key, "");
    const struct eidc_ctl_request request = {.method = "GET", .target = target.p};
    if (!eidc_ctl_exchange(lookup->ctl, &request, &response, &err))
        return eidc_ctl_unreachable(lookup->ctl, what, &err);
    if (response.status == 404 && eidc_ctl_is_problem(&response)) {
        print(lookup,
              &(struct eidc_ctl_answer){.reverse = lookup->reverse, .alone = true, .key = key});
        return EIDC_CTL_OK;
    }
    if (response.status != 200)
        return eidc_ctl_refused(lookup->ctl, what, &response);
    if (!print_result(lookup, key, eidc_buf_view(&response.body), &err))
        return eidc_ctl_failed(lookup->ctl, what, &err, NULL);
    return EIDC_CTL_OK;
}

int eidc_ctl_lookup_server(struct eidc_ctl_lookup *lookup, const struct eidc_ctl_list *keys)
{
    return lookup->alone ? ask_one(lookup, eidc_ctl_list_at(keys, 0)) : ask_many(lookup, keys);
}
