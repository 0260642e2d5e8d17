#include "eidcached/adapters/pager.h"

#include "eidcached/base/digest.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/words.h"

#define TOKEN_MAX 65536

struct eidc_pager {
    struct eidc_pager_plan plan;
    struct eidc_names names;
    struct eidc_buf token; /* of the page that is being asked for */
    struct eidc_buf next;  /* of the one behind it */
    struct eidc_listing_request request;
    uint64_t *seen; /* hashes of the tokens that came */
    size_t seen_n, seen_cap;
    bool restarted;
    bool sent_optional; /* with the last request; others may have learnt better since */
};

static bool on_item(void *arg, struct eidc_str name, const cJSON *element, struct eidc_err *err)
{
    struct eidc_pager *p = arg;
    uint64_t before = p->names.count;
    if (!p->plan.item(p->plan.arg, name, element, &p->names, err))
        return false;
    *p->plan.total += p->names.count - before;
    if (p->plan.max_names && *p->plan.total > p->plan.max_names)
        return eidc_fail(err, EIDC_ERR_LIMIT, "more than refresh.max_names (%llu) names",
                         (unsigned long long)p->plan.max_names);
    return true;
}

static void cut_back(struct eidc_pager *p, size_t bytes, uint64_t count)
{
    *p->plan.total -= p->names.count - count;
    p->names.count = count;
    eidc_buf_truncate(&p->names.packed, bytes);
}

/* The one parse of a page: its names count from here on, or none of them. */
static bool take_page(void *arg, struct eidc_str body, struct eidc_err *err)
{
    struct eidc_pager *p = arg;
    size_t bytes = p->names.packed.n;
    uint64_t count = p->names.count;
    if (eidc_listing_page(p->plan.row, body, on_item, p, &p->next, err))
        return true;
    cut_back(p, bytes, count);
    return false;
}

static bool is_new_token(struct eidc_pager *p)
{
    uint8_t digest[EIDC_SHA256_BYTES];
    uint64_t hash;
    eidc_sha256(eidc_buf_view(&p->next), digest);
    memcpy(&hash, digest, sizeof(hash));
    for (size_t i = 0; i < p->seen_n; i++) {
        if (p->seen[i] == hash)
            return false;
    }
    if (p->seen_n == p->seen_cap) {
        p->seen_cap = p->seen_cap ? 2 * p->seen_cap : 16;
        p->seen = eidc_xrealloc(p->seen, p->seen_cap, sizeof(*p->seen));
    }
    p->seen[p->seen_n++] = hash;
    return true;
}

static void on_answer(void *arg, struct eidc_aws_response *response);

static void add_headers(const struct eidc_listing_request *from, struct eidc_http_headers *to)
{
    if (from->content_type[0])
        eidc_http_headers_add(to, "Content-Type", eidc_str_of(from->content_type));
    if (from->target.n)
        eidc_http_headers_add(to, "X-Amz-Target", eidc_buf_view(&from->target));
}

static void ask(struct eidc_pager *p)
{
    const struct eidc_listing *row = p->plan.row;
    struct eidc_http_headers headers = {0};
    bool s3 = row->service->protocol == EIDC_LISTING_REST_XML;
    p->sent_optional = !*p->plan.without_optional;
    const struct eidc_listing_ask page = {
        .parents = p->plan.parents,
        .given = p->plan.given,
        .given_count = p->plan.given_count,
        .token = eidc_buf_view(&p->token),
        .with_optional = p->sent_optional,
    };
    eidc_listing_request(row, &page, &p->request);
    add_headers(&p->request, &headers);
    const struct eidc_aws_request request = {
        .target = p->plan.target,
        .operation = row->operation,
        .method = p->request.method,
        .path = eidc_buf_view(&p->request.path),
        .path_encoded = !s3,
        .params = p->request.params,
        .param_count = p->request.param_count,
        .headers = &headers,
        .body = eidc_buf_view(&p->request.body),
        .s3 = s3,
        .max_response = p->plan.max_response,
        .take = take_page,
        .take_arg = p,
        .abandoned = p->plan.abandoned,
    };
    eidc_aws_call(p->plan.aws, &request, on_answer, p);
    eidc_http_headers_free(&headers);
}

static void end(struct eidc_pager *p, const char *code, const struct eidc_err *err)
{
    p->plan.ended(p->plan.arg, err ? NULL : &p->names, code, err);
}

static void on_listed_page(struct eidc_pager *p)
{
    if (p->next.n == 0) {
        end(p, "", NULL);
        return;
    }
    if (!is_new_token(p)) {
        struct eidc_err err;
        eidc_fail(&err, EIDC_ERR_CORRUPT, "%s %s: the same %s came twice",
                  p->plan.row->service->sign, p->plan.row->operation, p->plan.row->token_in);
        end(p, "", &err);
        return;
    }
    struct eidc_buf old = p->token;
    p->token = p->next;
    p->next = old;
    ask(p);
}

static bool is_token_refusal(const char *code)
{
    static const char codes[] =
        "InvalidInputException InvalidNextTokenException ExpiredNextTokenException InvalidToken "
        "ExpiredTokenException ValidationException InvalidParameterException "
        "InvalidParameterValueException InvalidArgumentException InvalidMarkerException "
        "InvalidPaginationTokenException PaginationTokenExpiredException InvalidRequestException "
        "InvalidNextToken InvalidPaginationToken InvalidContinuationTokenException "
        "BadRequestException InvalidArgument";
    return eidc_words_have(codes, eidc_str_of(code));
}

static void start_over(struct eidc_pager *p)
{
    p->restarted = true;
    p->seen_n = 0;
    eidc_buf_clear(&p->token);
    cut_back(p, 0, 0);
    ask(p);
}

static void on_failed_page(struct eidc_pager *p, const struct eidc_aws_response *response)
{
    if (*p->plan.abandoned) {
        end(p, "", &response->err);
    } else if (p->sent_optional &&
               eidc_listing_refused_optional(p->plan.row, response->code, response->err.text)) {
        *p->plan.without_optional = true;
        ask(p);
    } else if (p->token.n && !p->restarted && is_token_refusal(response->code)) {
        start_over(p);
    } else {
        end(p, response->code, &response->err);
    }
}

static void on_answer(void *arg, struct eidc_aws_response *response)
{
    if (response->ok)
        on_listed_page(arg);
    else
        on_failed_page(arg, response);
}

struct eidc_pager *eidc_pager_new(const struct eidc_pager_plan *plan)
{
    struct eidc_pager *p = eidc_xcalloc(1, sizeof(*p));
    p->plan = *plan;
    p->token.limit = p->next.limit = TOKEN_MAX;
    ask(p);
    return p;
}

void eidc_pager_free(struct eidc_pager *p)
{
    cut_back(p, 0, 0);
    eidc_names_free(&p->names);
    eidc_buf_free(&p->token);
    eidc_buf_free(&p->next);
    eidc_listing_request_free(&p->request);
    free(p->seen);
    free(p);
}
