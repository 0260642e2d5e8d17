#include "eidcached/http/parameters.h"

#include "eidcached/http/query.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     10000

bool eidc_parameter_text(struct eidc_request *r, const char *name, struct eidc_buf *to)
{
    struct eidc_param param;
    if (!eidc_query_find(r->query, name, &param))
        return true;
    const char *problem = eidc_query_decode_value(param.value, to);
    if (problem != NULL)
        eidc_answer_problem(r, 400, "%s %s", name, problem);
    return problem == NULL;
}

bool eidc_parameter_limit(struct eidc_request *r, uint64_t *limit)
{
    struct eidc_param param;
    *limit = LIMIT_DEFAULT;
    if (!eidc_query_find(r->query, "limit", &param) ||
        (eidc_str_u64(param.value, LIMIT_MAX, limit) && *limit > 0))
        return true;
    eidc_answer_problem(r, 400, "limit is a number from 1 to %d", LIMIT_MAX);
    return false;
}

bool eidc_parameter_wait(struct eidc_request *r, int64_t *wait_ms)
{
    struct eidc_param param;
    *wait_ms = 0;
    if (!eidc_query_find(r->query, "wait", &param) || eidc_query_duration(param.value, wait_ms))
        return true;
    eidc_answer_problem(r, 400, "wait is a duration like 30s, at most 1h");
    return false;
}
