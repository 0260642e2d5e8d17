/*
 * The scheme's digest is looked up by name once a hasher: EVP_MD_fetch costs more than the digest
 * of a short name. A context that is started again without naming a digest (or a key) keeps what
 * it has, so that a name costs only the digest itself.
 */
#include "eidcached/core/eid.h"

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <stdio.h>

#include "eidcached/base/digest.h"
#include "eidcached/base/encode.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/utf8.h"

#define BITS_MIN 32

_Static_assert(EIDC_EID_PREFIX_MAX + 2 * EIDC_EID_RAW_MAX <= EIDC_EID_TEXT_MAX,
               "every checksum EID fits");
_Static_assert(EIDC_EID_FINGERPRINT <= EIDC_SHA256_BYTES, "a fingerprint is a cut HMAC");

struct eidc_eid_hasher {
    size_t raw_size;
    EVP_MD_CTX *digest; /* one of the two */
    EVP_MAC_CTX *hmac;
};

typedef size_t encode_fn(const uint8_t *in, size_t n, char *out);
typedef bool decode_fn(struct eidc_str in, uint8_t *out, size_t n);

static const struct encoding {
    const char *name;
    encode_fn *encode;
    decode_fn *decode;
} encodings[] = {
    [EIDC_EID_HEX] = {"hex", eidc_hex_encode, eidc_hex_decode},
    [EIDC_EID_BASE32] = {"base32", eidc_base32_encode, eidc_base32_decode},
    [EIDC_EID_BASE64URL] = {"base64url", eidc_base64url_encode, eidc_base64url_decode},
};
#define ENCODINGS (sizeof encodings / sizeof encodings[0])

static void free_md_p(EVP_MD **md)
{
    EVP_MD_free(*md);
}

static void free_mac_p(EVP_MAC **mac)
{
    EVP_MAC_free(*mac);
}

static EVP_MD *fetch(const char *algorithm)
{
    EVP_MD *md = EVP_MD_fetch(NULL, algorithm, NULL);
    if (md == NULL)
        ERR_clear_error();
    return md;
}

/* OpenSSL knows a digest by several names ("SHA2-256", "sha-256"); the scheme holds one. */
static bool set_algorithm(struct eidc_eid_scheme *scheme, const EVP_MD *md, const char *given,
                          struct eidc_err *err)
{
    int nid = EVP_MD_get_type(md);
    const char *name = nid == NID_undef ? given : OBJ_nid2sn(nid);
    size_t n = strlen(name);
    if (n > EIDC_EID_ALGORITHM_MAX)
        return eidc_fail(err, EIDC_ERR_INVALID, "algorithm: '%s' is longer than %d characters",
                         name, EIDC_EID_ALGORITHM_MAX);
    for (size_t i = 0; i < n; i++)
        scheme->algorithm[i] = (char)tolower((unsigned char)name[i]);
    return true;
}

static bool check_digest(const char *algorithm, const EVP_MD *md, struct eidc_err *err)
{
    if (md == NULL)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "algorithm: OpenSSL has no digest '%s'; "
                         "see `openssl list -digest-algorithms`, for example sha256",
                         algorithm);
    if (EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "algorithm: '%s' has no size of its own (an extendable-output function);"
                         " use a digest of a fixed size, for example sha3-256",
                         algorithm);
    return true;
}

static bool check_bits(unsigned bits, const EVP_MD *md, const char *algorithm, struct eidc_err *err)
{
    int size = EVP_MD_get_size(md);
    unsigned max = size > 0 ? (unsigned)size * 8u : 0;
    if (max > EIDC_EID_RAW_MAX * 8u)
        max = EIDC_EID_RAW_MAX * 8u;
    if (max < BITS_MIN)
        return eidc_fail(err, EIDC_ERR_INVALID, "algorithm: '%s' gives fewer than %d bits",
                         algorithm, BITS_MIN);
    if (bits < BITS_MIN || bits > max || bits % 8 != 0)
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "bits: %u is not a multiple of 8 from %d to %u, the size of %s", bits,
                         BITS_MIN, max, algorithm);
    return true;
}

/* A prefix stands in lines of text and in URLs: no control characters. */
static bool check_prefix(struct eidc_str prefix, struct eidc_err *err)
{
    if (prefix.n > EIDC_EID_PREFIX_MAX)
        return eidc_fail(err, EIDC_ERR_INVALID, "prefix: %zu bytes, at most %d are allowed",
                         prefix.n, EIDC_EID_PREFIX_MAX);
    if (eidc_utf8_valid_prefix(prefix) != prefix.n)
        return eidc_fail(err, EIDC_ERR_INVALID, "prefix: is not UTF-8");
    for (size_t i = 0; i < prefix.n; i++) {
        if (iscntrl((unsigned char)prefix.p[i]))
            return eidc_fail(err, EIDC_ERR_INVALID, "prefix: holds a control character");
    }
    return true;
}

/* Tells keys apart and says no more about a key than any one EID does. */
static void fingerprint(struct eidc_str key, uint8_t out[static EIDC_EID_FINGERPRINT])
{
    uint8_t mac[EIDC_SHA256_BYTES];
    eidc_hmac_sha256(key, EIDC_STR("eidcached key fingerprint"), mac);
    memcpy(out, mac, EIDC_EID_FINGERPRINT);
}

bool eidc_eid_scheme_make(const char *algorithm, unsigned bits, enum eidc_eid_encoding encoding,
                          const char *prefix, struct eidc_str key, struct eidc_eid_scheme *out,
                          struct eidc_err *err)
{
    struct eidc_eid_scheme scheme = {.bits = (uint16_t)bits, .encoding = (uint8_t)encoding};
    EVP_MD *md __attribute__((cleanup(free_md_p))) = fetch(algorithm);
    struct eidc_str in_front = eidc_str_of(prefix);
    if ((unsigned)encoding >= ENCODINGS)
        return eidc_fail(err, EIDC_ERR_INVALID, "encoding: must be hex, base32 or base64url");
    if (!check_digest(algorithm, md, err) || !check_bits(bits, md, algorithm, err) ||
        !check_prefix(in_front, err) || !set_algorithm(&scheme, md, algorithm, err))
        return false;
    if (in_front.n > 0)
        memcpy(scheme.prefix, in_front.p, in_front.n);
    if (key.n > 0) {
        scheme.keyed = 1;
        fingerprint(key, scheme.fingerprint);
    }
    *out = scheme;
    return true;
}

bool eidc_eid_key_read(const char *path, struct eidc_buf *key, struct eidc_err *err)
{
    if (!eidc_file_read(path, EIDC_EID_KEY_MAX, key, err))
        return false;
    if (key->n > 0 && key->p[key->n - 1] == '\n')
        key->n--;
    return key->n > 0 || eidc_fail(err, EIDC_ERR_INVALID, "%s: is empty", path);
}

bool eidc_eid_scheme_equal(const struct eidc_eid_scheme *a, const struct eidc_eid_scheme *b)
{
    return a->bits == b->bits && a->encoding == b->encoding && a->keyed == b->keyed &&
           strncmp(a->algorithm, b->algorithm, sizeof a->algorithm) == 0 &&
           strncmp(a->prefix, b->prefix, sizeof a->prefix) == 0 &&
           memcmp(a->fingerprint, b->fingerprint, sizeof a->fingerprint) == 0;
}

void eidc_eid_scheme_describe(const struct eidc_eid_scheme *scheme, char out[static 128])
{
    const char *encoding =
        scheme->encoding < ENCODINGS ? encodings[scheme->encoding].name : "unknown";
    snprintf(out, 128, "%s%.*s/%u %s%s%.*s", scheme->keyed ? "hmac-" : "",
             (int)sizeof scheme->algorithm, scheme->algorithm, scheme->bits, encoding,
             scheme->prefix[0] != '\0' ? " prefix " : "", (int)sizeof scheme->prefix,
             scheme->prefix);
}

static bool start_digest(struct eidc_eid_hasher *hasher, const EVP_MD *md)
{
    hasher->digest = EVP_MD_CTX_new();
    return hasher->digest != NULL && EVP_DigestInit_ex2(hasher->digest, md, NULL) == 1;
}

static bool start_hmac(struct eidc_eid_hasher *hasher, const char *algorithm, struct eidc_str key)
{
    EVP_MAC *mac __attribute__((cleanup(free_mac_p))) = EVP_MAC_fetch(NULL, "HMAC", NULL);
    char digest[EIDC_EID_ALGORITHM_MAX + 1];
    snprintf(digest, sizeof digest, "%s", algorithm); /* OpenSSL wants it writable */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    hasher->hmac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    return hasher->hmac != NULL &&
           EVP_MAC_init(hasher->hmac, (const unsigned char *)key.p, key.n, params) == 1;
}

static bool check_key(const struct eidc_eid_scheme *scheme, struct eidc_str key,
                      struct eidc_err *err)
{
    uint8_t print[EIDC_EID_FINGERPRINT];
    if (!scheme->keyed)
        return key.n == 0 || eidc_fail(err, EIDC_ERR_INVALID, "key: the EIDs have none");
    if (key.n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "key: the EIDs are keyed and none is given");
    fingerprint(key, print);
    if (memcmp(print, scheme->fingerprint, sizeof print) != 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "key: is not the one the EIDs were made with");
    return true;
}

bool eidc_eid_hasher_new(const struct eidc_eid_scheme *scheme, struct eidc_str key,
                         struct eidc_eid_hasher **out, struct eidc_err *err)
{
    EVP_MD *md __attribute__((cleanup(free_md_p))) = fetch(scheme->algorithm);
    if (!check_digest(scheme->algorithm, md, err) ||
        !check_bits(scheme->bits, md, scheme->algorithm, err) || !check_key(scheme, key, err))
        return false;
    struct eidc_eid_hasher *hasher = calloc(1, sizeof *hasher); /* used by libeidcache */
    if (hasher == NULL)
        return eidc_fail(err, EIDC_ERR_NOMEM, "no memory to compute EIDs");
    hasher->raw_size = eidc_eid_raw_size(scheme);
    bool started =
        scheme->keyed ? start_hmac(hasher, scheme->algorithm, key) : start_digest(hasher, md);
    if (!started) {
        eidc_eid_hasher_free(hasher);
        ERR_clear_error();
        return eidc_fail(err, EIDC_ERR_INVALID, "algorithm: OpenSSL cannot use '%s'%s",
                         scheme->algorithm, scheme->keyed ? " with a key" : "");
    }
    *out = hasher;
    return true;
}

void eidc_eid_hasher_free(struct eidc_eid_hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->digest);
    EVP_MAC_CTX_free(hasher->hmac); /* wipes the key, which lives only there */
    free(hasher);
}

static bool digest_name(EVP_MD_CTX *ctx, struct eidc_str name, uint8_t *out)
{
    return EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 && EVP_DigestUpdate(ctx, name.p, name.n) == 1 &&
           EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

static bool hmac_name(EVP_MAC_CTX *ctx, struct eidc_str name, uint8_t *out)
{
    size_t n;
    return EVP_MAC_init(ctx, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(ctx, (const unsigned char *)name.p, name.n) == 1 &&
           EVP_MAC_final(ctx, out, &n, EVP_MAX_MD_SIZE) == 1;
}

bool eidc_eid_compute(struct eidc_eid_hasher *hasher, struct eidc_str name,
                      uint8_t out[static EIDC_EID_RAW_MAX])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    bool done = hasher->hmac != NULL ? hmac_name(hasher->hmac, name, whole)
                                     : digest_name(hasher->digest, name, whole);
    if (done)
        memcpy(out, whole, hasher->raw_size);
    return done;
}

/* A scheme may come from a damaged image. */
static bool printable(const struct eidc_eid_scheme *scheme)
{
    return scheme->encoding < ENCODINGS && eidc_eid_raw_size(scheme) <= EIDC_EID_RAW_MAX;
}

static struct eidc_str prefix_of(const struct eidc_eid_scheme *scheme)
{
    return (struct eidc_str){scheme->prefix, strnlen(scheme->prefix, EIDC_EID_PREFIX_MAX)};
}

size_t eidc_eid_print(const struct eidc_eid_scheme *scheme, const uint8_t *raw,
                      char out[static EIDC_EID_TEXT_MAX])
{
    struct eidc_str prefix = prefix_of(scheme);
    if (!printable(scheme))
        return 0;
    memcpy(out, prefix.p, prefix.n);
    encode_fn *encode = encodings[scheme->encoding].encode;
    return prefix.n + encode(raw, eidc_eid_raw_size(scheme), out + prefix.n);
}

bool eidc_eid_parse(const struct eidc_eid_scheme *scheme, struct eidc_str text,
                    uint8_t raw[static EIDC_EID_RAW_MAX])
{
    struct eidc_str prefix = prefix_of(scheme);
    if (!printable(scheme) || !eidc_str_starts(text, prefix))
        return false;
    struct eidc_str digits = {text.p + prefix.n, text.n - prefix.n};
    return encodings[scheme->encoding].decode(digits, raw, eidc_eid_raw_size(scheme));
}
