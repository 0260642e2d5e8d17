/*
 * libmicrohttpd has one set of credentials for the life of its daemon and lets an application look
 * at a client's certificate only after the handshake. So each session gets credentials of ours, and
 * GnuTLS verifies the client inside of the handshake.
 */
#include "eidcached/http/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "eidcached/base/file.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define PEM_MAX   ((size_t)1 << 20)
#define CHAIN_MAX 16

struct eidc_tls_credentials {
    gnutls_certificate_credentials_t certificate;
    bool demands_client;
    atomic_uint users;
};

enum { CERT, KEY, CLIENT_CA, FILES };
static const char *const options[FILES] = {"http.tls_cert", "http.tls_key", "http.tls_client_ca"};

struct eidc_tls {
    char *paths[FILES]; /* CLIENT_CA may be NULL */
    struct eidc_file_stamp seen[FILES];
    pthread_mutex_t lock;
    int64_t checked_at; /* monotonic */
    bool failed;        /* what is in the files now cannot be used */
    struct eidc_tls_credentials *current;
};

static void credentials_free(struct eidc_tls_credentials *credentials)
{
    gnutls_certificate_free_credentials(credentials->certificate);
    free(credentials);
}

void eidc_tls_end(struct eidc_tls_credentials *credentials)
{
    if (credentials != NULL && atomic_fetch_sub(&credentials->users, 1) == 1)
        credentials_free(credentials);
}

static bool fail_file(const struct eidc_tls *tls, int file, const char *what, int error,
                      struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_INVALID, "%s: %s: %s (%s)", options[file], tls->paths[file],
                     what, gnutls_strerror(error));
}

static bool read_pem(const struct eidc_tls *tls, int file, struct eidc_buf *out,
                     struct eidc_err *err)
{
    return eidc_file_read(tls->paths[file], PEM_MAX, out, err) ||
           eidc_wrap(err, "%s", options[file]);
}

static gnutls_datum_t datum(struct eidc_buf *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem->p, (unsigned)pem->n};
}

/* A certificate that is out of its time is served: its clients know best what to do about it. */
static void warn_of_time(const struct eidc_tls *tls, gnutls_x509_crt_t certificate)
{
    time_t now = time(NULL);
    if (gnutls_x509_crt_get_expiration_time(certificate) < now)
        eidc_warn("http: %s has expired: clients will refuse it", tls->paths[CERT]);
    else if (gnutls_x509_crt_get_activation_time(certificate) > now)
        eidc_warn("http: %s is not valid yet: clients will refuse it", tls->paths[CERT]);
}

struct pair {
    gnutls_x509_crt_t chain[CHAIN_MAX];
    unsigned length;
    gnutls_x509_privkey_t key;
};

static void pair_free(struct pair *pair)
{
    for (unsigned i = 0; i < pair->length; i++)
        gnutls_x509_crt_deinit(pair->chain[i]);
    gnutls_x509_privkey_deinit(pair->key);
}

static bool read_chain(const struct eidc_tls *tls, struct pair *pair, struct eidc_err *err)
{
    EIDC_BUF_AUTO pem = {0};
    unsigned length = CHAIN_MAX;
    if (!read_pem(tls, CERT, &pem, err))
        return false;
    const gnutls_datum_t data = datum(&pem);
    int error = gnutls_x509_crt_list_import(pair->chain, &length, &data, GNUTLS_X509_FMT_PEM,
                                            GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED |
                                                GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (error == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
        return fail_file(tls, CERT,
                         "the server's certificate goes first, then its issuers in order", error,
                         err);
    if (error == GNUTLS_E_SHORT_MEMORY_BUFFER)
        return eidc_fail(err, EIDC_ERR_LIMIT, "%s: %s: holds more than %d certificates",
                         options[CERT], tls->paths[CERT], CHAIN_MAX);
    if (error < 0)
        return fail_file(tls, CERT, "holds no certificate in PEM form", error, err);
    pair->length = length;
    return true;
}

static bool read_key(const struct eidc_tls *tls, struct pair *pair, struct eidc_err *err)
{
    EIDC_BUF_SECRET pem = {0};
    if (!read_pem(tls, KEY, &pem, err))
        return false;
    const gnutls_datum_t data = datum(&pem);
    int error = gnutls_x509_privkey_import2(pair->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (error == GNUTLS_E_DECRYPTION_FAILED)
        return fail_file(tls, KEY, "is encrypted; a key without a passphrase is needed", error,
                         err);
    return error == 0 || fail_file(tls, KEY, "holds no private key in PEM form", error, err);
}

/* The last step of a load: what is told of the certificate's time is true of one that is served. */
static bool use_pair(const struct eidc_tls *tls, struct pair *pair,
                     gnutls_certificate_credentials_t to, struct eidc_err *err)
{
    int error = gnutls_certificate_set_x509_key(to, pair->chain, (int)pair->length, pair->key);
    if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "http.tls_key: %s is not the key of the certificate in %s",
                         tls->paths[KEY], tls->paths[CERT]);
    if (error < 0)
        return fail_file(tls, CERT, "cannot be used", error, err);
    warn_of_time(tls, pair->chain[0]);
    return true;
}

static bool load_pair(const struct eidc_tls *tls, gnutls_certificate_credentials_t to,
                      struct eidc_err *err)
{
    struct pair pair = {0};
    gnutls_x509_privkey_init(&pair.key);
    bool ok =
        read_chain(tls, &pair, err) && read_key(tls, &pair, err) && use_pair(tls, &pair, to, err);
    pair_free(&pair);
    return ok;
}

static bool load_client_ca(const struct eidc_tls *tls, gnutls_certificate_credentials_t to,
                           struct eidc_err *err)
{
    EIDC_BUF_AUTO pem = {0};
    if (tls->paths[CLIENT_CA] == NULL)
        return true;
    if (!read_pem(tls, CLIENT_CA, &pem, err))
        return false;
    const gnutls_datum_t data = datum(&pem);
    int found = gnutls_certificate_set_x509_trust_mem(to, &data, GNUTLS_X509_FMT_PEM);
    return found > 0 || fail_file(tls, CLIENT_CA, "holds no certificate in PEM form",
                                  found < 0 ? found : GNUTLS_E_NO_CERTIFICATE_FOUND, err);
}

static struct eidc_tls_credentials *load(const struct eidc_tls *tls, struct eidc_err *err)
{
    struct eidc_tls_credentials *fresh = eidc_xcalloc(1, sizeof(*fresh));
    if (gnutls_certificate_allocate_credentials(&fresh->certificate) != 0) {
        free(fresh);
        eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
        return NULL;
    }
    atomic_init(&fresh->users, 1);
    fresh->demands_client = tls->paths[CLIENT_CA] != NULL;
    if (load_client_ca(tls, fresh->certificate, err) && load_pair(tls, fresh->certificate, err))
        return fresh;
    credentials_free(fresh);
    return NULL;
}

/* Whether one of the files is another one than at the last call. */
static bool files_changed(struct eidc_tls *tls)
{
    bool changed = false;
    for (int i = 0; i < FILES; i++) {
        if (tls->paths[i] != NULL)
            changed |= eidc_file_changed(tls->paths[i], &tls->seen[i]);
    }
    return changed;
}

/* Certificate and key come one after the other: until both are there, what was good stays. */
static void reload(struct eidc_tls *tls)
{
    struct eidc_err err;
    bool changed = files_changed(tls);
    if (!changed && !tls->failed)
        return;
    struct eidc_tls_credentials *fresh = load(tls, &err);
    tls->failed = fresh == NULL;
    if (tls->failed && changed)
        eidc_error("http: the TLS certificate of before stays: %s", err.text);
    if (tls->failed)
        return;
    eidc_tls_end(tls->current);
    tls->current = fresh;
    eidc_info("http: the TLS certificate was read again: %s", tls->paths[CERT]);
}

bool eidc_tls_new(const struct eidc_config *config, struct eidc_tls **out, struct eidc_err *err)
{
    *out = NULL;
    if (config->http.tls_cert == NULL)
        return true;
    struct eidc_tls *tls = eidc_xcalloc(1, sizeof(*tls));
    pthread_mutex_init(&tls->lock, NULL);
    tls->paths[CERT] = eidc_xstrdup(config->http.tls_cert);
    tls->paths[KEY] = eidc_xstrdup(config->http.tls_key);
    tls->paths[CLIENT_CA] = eidc_xstrdup(config->http.tls_client_ca);
    files_changed(tls);
    tls->current = load(tls, err);
    if (tls->current == NULL) {
        eidc_tls_free(tls);
        return false;
    }
    *out = tls;
    return true;
}

void eidc_tls_free(struct eidc_tls *tls)
{
    if (tls == NULL)
        return;
    eidc_tls_end(tls->current);
    pthread_mutex_destroy(&tls->lock);
    for (int i = 0; i < FILES; i++)
        free(tls->paths[i]);
    free(tls);
}

static struct eidc_tls_credentials *take_current(struct eidc_tls *tls, int64_t now_ms)
{
    pthread_mutex_lock(&tls->lock);
    if (now_ms - tls->checked_at >= EIDC_TLS_CHECK_MS) {
        tls->checked_at = now_ms;
        reload(tls);
    }
    struct eidc_tls_credentials *current = tls->current;
    atomic_fetch_add(&current->users, 1);
    pthread_mutex_unlock(&tls->lock);
    return current;
}

struct eidc_tls_credentials *eidc_tls_begin(struct eidc_tls *tls, void *session, int64_t now_ms)
{
    static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    static gnutls_typed_vdata_st for_clients = {GNUTLS_DT_KEY_PURPOSE_OID, purpose, 0};
    struct eidc_tls_credentials *credentials = take_current(tls, now_ms);
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->certificate) != 0) {
        eidc_tls_end(credentials);
        return NULL;
    }
    if (credentials->demands_client) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(session, &for_clients, 1, 0);
    }
    return credentials;
}
