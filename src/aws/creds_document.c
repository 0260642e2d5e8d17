#include "eidcached/aws/creds_document.h"

#include <openssl/crypto.h>
#include <strings.h>

#include "eidcached/base/json_read.h"
#include "eidcached/base/mem.h"

#define CODE_MAX 64

static void wipe_strings(cJSON *node)
{
    for (; node != NULL; node = node->next) {
        if (node->valuestring != NULL)
            OPENSSL_cleanse(node->valuestring, strlen(node->valuestring));
        wipe_strings(node->child);
    }
}

static void wipe_document(cJSON **document)
{
    wipe_strings(*document);
    cJSON_Delete(*document);
}

#define DOCUMENT_AUTO __attribute__((cleanup(wipe_document))) cJSON

/* A code names a cause and nothing else; whatever has another form may be anything. */
static bool is_code(struct eidc_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return false;
    return s.n > 0 && s.n <= CODE_MAX;
}

static bool check_code(const cJSON *document, struct eidc_err *err)
{
    struct eidc_str code;
    if (!eidc_json_get_str(document, "Code", &code) ||
        (code.n == 7 && strncasecmp(code.p, "Success", 7) == 0))
        return true;
    if (!is_code(code))
        code = EIDC_STR("UnknownError");
    return eidc_fail(err, EIDC_ERR_DENIED, "%.*s (status 200)", EIDC_STR_ARG(code));
}

static bool get_text(const cJSON *document, const char *key, struct eidc_str *out)
{
    return eidc_json_get_str(document, key, out) && out->n > 0;
}

/* token_key: of a session token; whether there must be one. */
static bool read_set(const cJSON *document, const char *token_key, bool token_needed,
                     const char *provider, struct eidc_creds *out, struct eidc_err *err)
{
    struct eidc_str access_key = {0};
    struct eidc_str secret_key = {0};
    struct eidc_str token = {0};
    int64_t expires_at_ms = 0;
    if (!get_text(document, "AccessKeyId", &access_key))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document has no AccessKeyId");
    if (!get_text(document, "SecretAccessKey", &secret_key))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document has no SecretAccessKey");
    if (!get_text(document, token_key, &token) && token_needed)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document has no %s", token_key);
    const cJSON *expiration = cJSON_GetObjectItemCaseSensitive(document, "Expiration");
    if (expiration != NULL && !cJSON_IsNull(expiration) &&
        !eidc_json_get_time(document, "Expiration", &expires_at_ms))
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document's Expiration is no time");

    *out = (struct eidc_creds){
        .access_key = eidc_xstrndup(access_key.p, access_key.n),
        .secret_key = eidc_xstrndup(secret_key.p, secret_key.n),
        .session_token = token.n > 0 ? eidc_xstrndup(token.p, token.n) : NULL,
        .expires_at_ms = expires_at_ms,
        .provider = provider,
    };
    return true;
}

static bool read_json(struct eidc_str text, cJSON **out, struct eidc_err *err)
{
    struct eidc_err ignored = {0};
    return eidc_json_parse(text, out, &ignored) ||
           eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document is not JSON");
}

bool eidc_creds_document_parse(struct eidc_str body, const char *provider, struct eidc_creds *out,
                               struct eidc_err *err)
{
    DOCUMENT_AUTO *document = NULL;
    return read_json(body, &document, err) && check_code(document, err) &&
           read_set(document, "Token", true, provider, out, err);
}

bool eidc_creds_document_parse_process(struct eidc_str text, const char *provider,
                                       struct eidc_creds *out, struct eidc_err *err)
{
    DOCUMENT_AUTO *document = NULL;
    if (!read_json(text, &document, err))
        return false;
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(document, "Version");
    if (!cJSON_IsNumber(version) || version->valuedouble != 1)
        return eidc_fail(err, EIDC_ERR_CORRUPT, "the credentials document is not of Version 1");
    return read_set(document, "SessionToken", false, provider, out, err);
}

bool eidc_creds_document_refused(const struct eidc_http_response *response, struct eidc_err *err)
{
    enum eidc_err_kind kind = response->status >= 500 ? EIDC_ERR_UNAVAILABLE : EIDC_ERR_DENIED;
    EIDC_CJSON_AUTO *document = NULL;
    struct eidc_str code = {0};
    struct eidc_err ignored = {0};
    if (eidc_json_parse(eidc_buf_view(&response->body), &document, &ignored) &&
        (eidc_json_get_str(document, "code", &code) ||
         eidc_json_get_str(document, "Code", &code)) &&
        is_code(code))
        return eidc_fail(err, kind, "status %d: %.*s", response->status, EIDC_STR_ARG(code));
    return eidc_fail(err, kind, "status %d", response->status);
}

/* ---- fetching ---- */

struct fetch {
    struct eidc_http_client *http;
    struct eidc_http_request request; /* url and headers are its own */
    struct eidc_http_headers headers;
    char *url;
    unsigned attempts_left;
    eidc_http_done *done;
    void *arg;
};

static void on_answer(void *arg, struct eidc_http_response *response)
{
    struct fetch *fetch = arg;
    bool again =
        response->status != 0 ? response->status >= 500 : response->err.kind != EIDC_ERR_CANCELLED;
    if (again && --fetch->attempts_left > 0) {
        fetch->http->ops->start(fetch->http, &fetch->request, on_answer, fetch);
        return;
    }
    fetch->done(fetch->arg, response);
    eidc_buf_wipe(&response->body);
    eidc_http_headers_free(&fetch->headers);
    free(fetch->url);
    free(fetch);
}

void eidc_creds_fetch(struct eidc_http_client *http, const struct eidc_http_request *request,
                      unsigned attempts, eidc_http_done *done, void *arg)
{
    struct fetch *fetch = eidc_xcalloc(1, sizeof(*fetch));
    *fetch = (struct fetch){.http = http,
                            .request = *request,
                            .url = eidc_xstrdup(request->url),
                            .attempts_left = attempts,
                            .done = done,
                            .arg = arg};
    for (size_t i = 0; request->headers != NULL && i < request->headers->n; i++)
        eidc_http_headers_add(&fetch->headers, request->headers->at[i].name,
                              eidc_str_of(request->headers->at[i].value));
    fetch->request.url = fetch->url;
    fetch->request.headers = &fetch->headers;
    http->ops->start(http, &fetch->request, on_answer, fetch);
}
