#pragma once
/* The JSON documents in which the container service, IMDS and processes hand out credentials. */
#include "eidcached/aws/creds.h"

/* AccessKeyId, SecretAccessKey, Token, Expiration; a Code other than "Success" is an error even
 * though it comes with status 200. A document that has expired is taken: the caller decides.
 * Errors: DENIED, CORRUPT. Never quotes the document, but for a Code of letters. */
bool eidc_creds_document_parse(struct eidc_str body, const char *provider, struct eidc_creds *out,
                               struct eidc_err *err);

/* What a credential_process prints: Version 1, AccessKeyId, SecretAccessKey, and SessionToken and
 * Expiration if it likes. Errors: CORRUPT. Never quotes the document. */
bool eidc_creds_document_parse_process(struct eidc_str text, const char *provider,
                                       struct eidc_creds *out, struct eidc_err *err);

/* The answer of a refused request: "status 403: Code", never its message. Kind DENIED for 4xx, else
 * UNAVAILABLE. */
bool eidc_creds_document_refused(const struct eidc_http_response *response, struct eidc_err *err);

/* One GET or PUT without a body, tried again at once up to `attempts` times in all when no answer
 * came or a 5xx. The response (status 0: no answer, err says why) is wiped after done. */
void eidc_creds_fetch(struct eidc_http_client *http, const struct eidc_http_request *request,
                      unsigned attempts, eidc_http_done *done, void *arg);
