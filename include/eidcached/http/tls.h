#pragma once
/*
 * The certificate, key and client authority of the TCP listeners, out of their files, read again
 * when these change (looked at once a second at most). A connection keeps what it began with. Only
 * tls.c knows GnuTLS. Thread-safe.
 */
#include "eidcached/base/err.h"
#include "eidcached/config/config.h"

/* TLS 1.2 and 1.3, forward secrecy, authenticated encryption; in GnuTLS's words. */
#define EIDC_TLS_PRIORITIES                                                                        \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"               \
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"

#define EIDC_TLS_CHECK_MS 1000

struct eidc_tls;
struct eidc_tls_credentials;

/* *out is NULL when the configuration has no http.tls_cert. Errors name the option and the file. */
bool eidc_tls_new(const struct eidc_config *config, struct eidc_tls **out, struct eidc_err *err);
void eidc_tls_free(struct eidc_tls *tls); /* no connection is left; NULL is fine */

/* Gives a GnuTLS session, before its handshake, the credentials as they are now, and the duty to
 * demand a client certificate if http.tls_client_ca is set. NULL: it cannot be served. */
struct eidc_tls_credentials *eidc_tls_begin(struct eidc_tls *tls, void *session, int64_t now_ms);
void eidc_tls_end(struct eidc_tls_credentials *credentials); /* NULL is fine */
