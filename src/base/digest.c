#include "eidcached/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "eidcached/base/encode.h"

/* Fetched once: a fetch takes locks and searches by name, a hundred times the price of a digest
 * of a short name. Never freed. */
static EVP_MD *sha256;
static EVP_MAC *hmac;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

/* Like running out of memory for a control structure: there is no useful way on. */
_Noreturn static void unusable(void)
{
    fputs("eidcached: OpenSSL cannot compute SHA-256\n", stderr);
    abort();
}

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (sha256 == NULL || hmac == NULL)
        unusable();
}

void eidc_sha256(struct eidc_str data, uint8_t out[static EIDC_SHA256_BYTES])
{
    pthread_once(&fetched, fetch);
    if (EVP_Digest(data.p, data.n, out, NULL, sha256, NULL) != 1)
        unusable();
}

/* Fetches anew: a fetch that failed is not to be remembered. */
bool eidc_sha256_try(struct eidc_str data, uint8_t out[static EIDC_SHA256_BYTES])
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    bool done = md != NULL && EVP_Digest(data.p, data.n, out, NULL, md, NULL) == 1;
    EVP_MD_free(md);
    if (!done)
        ERR_clear_error();
    return done;
}

void eidc_sha256_hex(struct eidc_str data, char out[static 2 * EIDC_SHA256_BYTES + 1])
{
    uint8_t raw[EIDC_SHA256_BYTES];
    eidc_sha256(data, raw);
    out[eidc_hex_encode(raw, sizeof raw, out)] = 0;
}

/* The struct is OpenSSL's context under a name of ours. */
static EVP_MD_CTX *context_of(struct eidc_sha256_sum *sum)
{
    return (EVP_MD_CTX *)(void *)sum;
}

struct eidc_sha256_sum *eidc_sha256_begin(void)
{
    pthread_once(&fetched, fetch);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex2(context, sha256, NULL) != 1)
        unusable();
    return (struct eidc_sha256_sum *)(void *)context;
}

void eidc_sha256_add(struct eidc_sha256_sum *sum, struct eidc_str data)
{
    if (EVP_DigestUpdate(context_of(sum), data.p, data.n) != 1)
        unusable();
}

void eidc_sha256_end(struct eidc_sha256_sum *sum, uint8_t out[static EIDC_SHA256_BYTES])
{
    if (EVP_DigestFinal_ex(context_of(sum), out, NULL) != 1)
        unusable();
    EVP_MD_CTX_free(context_of(sum));
}

void eidc_hmac_sha256(struct eidc_str key, struct eidc_str data,
                      uint8_t out[static EIDC_SHA256_BYTES])
{
    pthread_once(&fetched, fetch);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    /* a NULL key would mean "keep the key of before" */
    const void *key_bytes = key.n > 0 ? key.p : "";
    size_t written;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
    if (ctx == NULL || EVP_MAC_init(ctx, key_bytes, key.n, params) != 1 ||
        EVP_MAC_update(ctx, (const unsigned char *)data.p, data.n) != 1 ||
        EVP_MAC_final(ctx, out, &written, EIDC_SHA256_BYTES) != 1)
        unusable();
    EVP_MAC_CTX_free(ctx);
}

bool eidc_equal_secret(struct eidc_str a, struct eidc_str b)
{
    /* Digests have one length whatever the inputs', so that not even the lengths show. */
    uint8_t digest_a[EIDC_SHA256_BYTES], digest_b[EIDC_SHA256_BYTES];
    eidc_sha256(a, digest_a);
    eidc_sha256(b, digest_b);
    return CRYPTO_memcmp(digest_a, digest_b, EIDC_SHA256_BYTES) == 0;
}
