#include "eidcached/net/upload.h"

#include <string.h>

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct eidc_upload *upload = arg;
    const struct eidc_http_body *body = upload->body;
    uint64_t left = body->size - upload->sent;
    size_t room = size * n < left ? size * n : (size_t)left;
    size_t got = room > 0 ? body->read(body->arg, to, room) : 0;
    upload->sent += got;
    return got == 0 && room > 0 ? CURL_READFUNC_ABORT : got;
}

/* Asked for when a kept-alive connection turned out to be closed. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct eidc_upload *upload = arg;
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    upload->body->rewind(upload->body->arg);
    upload->sent = 0;
    return CURL_SEEKFUNC_OK;
}

static bool set_made(CURL *easy, struct eidc_upload *upload)
{
    return on_seek(upload, 0, SEEK_SET) == CURL_SEEKFUNC_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)upload->body->size) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, upload) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SEEKDATA, upload) == CURLE_OK;
}

static bool set_given(CURL *easy, struct eidc_str body)
{
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.n > 0 ? body.p : "") == CURLE_OK;
}

bool eidc_upload_set(CURL *easy, const struct eidc_http_request *request,
                     struct eidc_upload *upload)
{
    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    *upload = (struct eidc_upload){.body = request->made};
    if (request->made != NULL && !set_made(easy, upload))
        return false;
    /* POST and PUT say "Content-Length: 0" when there is no body; others say nothing. */
    bool has_body = request->body.n > 0 || request->method[0] == 'P';
    if (request->made == NULL && has_body && !set_given(easy, request->body))
        return false;
    return strcmp(request->method, "GET") == 0 ||
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}
