#include "eidcached/aws/secrets.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "eidcached/base/mem.h"

void eidc_secrets_add(struct eidc_secrets *secrets, const char *value)
{
    if (value == NULL || strlen(value) < EIDC_SECRET_MIN)
        return;
    assert(secrets->n < EIDC_SECRETS_MAX);
    secrets->at[secrets->n++] = eidc_xstrdup(value);
}

/* The length of the secret that text begins with; 0: of none. */
static size_t secret_at(const struct eidc_secrets *secrets, struct eidc_str text)
{
    for (size_t i = 0; i < secrets->n; i++) {
        struct eidc_str secret = eidc_str_of(secrets->at[i]);
        if (eidc_str_starts(text, secret))
            return secret.n;
    }
    return 0;
}

void eidc_secrets_redact(const struct eidc_secrets *secrets, struct eidc_str text,
                         struct eidc_buf *out)
{
    for (size_t at = 0; at < text.n;) {
        size_t n = secret_at(secrets, (struct eidc_str){text.p + at, text.n - at});
        if (n > 0)
            eidc_buf_add_z(out, "[redacted]");
        else
            eidc_buf_add_byte(out, text.p[at]);
        at += n > 0 ? n : 1;
    }
}

void eidc_secrets_wipe(struct eidc_secrets *secrets)
{
    for (size_t i = 0; i < secrets->n; i++) {
        OPENSSL_cleanse(secrets->at[i], strlen(secrets->at[i]));
        free(secrets->at[i]);
    }
    *secrets = (struct eidc_secrets){0};
}
