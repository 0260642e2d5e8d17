#include "eidcached/ctl/answer.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/keys.h"

bool eidc_ctl_read_key(const struct eidc_ctl *ctl, struct eidc_buf *key, struct eidc_err *err)
{
    const char *path = ctl->options.key_file;
    if (path == NULL || eidc_eid_key_read(path, key, err))
        return true;
    if (err->kind == EIDC_ERR_INVALID)
        err->kind = EIDC_ERR_CORRUPT; /* the file is wrong, not the usage */
    return eidc_wrap(err, "--key-file");
}

bool eidc_ctl_scheme(const struct eidc_ctl *ctl, struct eidc_eid_scheme *scheme,
                     struct eidc_buf *key, struct eidc_err *err)
{
    const struct eidc_ctl_options *o = &ctl->options;
    if (!eidc_ctl_read_key(ctl, key, err))
        return false;
    return eidc_eid_scheme_make(o->algorithm, o->bits, o->encoding, o->prefix, eidc_buf_view(key),
                                scheme, err) ||
           eidc_wrap(err, "the EIDs' scheme");
}

static bool compute_one(struct eidc_eid_hasher *hasher, const struct eidc_eid_scheme *scheme,
                        struct eidc_ctl_answer *answer)
{
    uint8_t raw[EIDC_EID_RAW_MAX];
    char text[EIDC_EID_TEXT_MAX];
    if (!eidc_eid_compute(hasher, answer->key, raw))
        return false;
    eidc_ctl_list_clear(&answer->values);
    eidc_ctl_list_add(&answer->values, (struct eidc_str){text, eidc_eid_print(scheme, raw, text)});
    return true;
}

static int compute_all(struct eidc_ctl *ctl, struct eidc_eid_hasher *hasher,
                       const struct eidc_eid_scheme *scheme)
{
    struct eidc_ctl_keys keys = {.ctl = ctl, .what = "name"};
    struct eidc_ctl_answer answer = {.alone = eidc_ctl_keys_alone(ctl)};
    struct eidc_err err = {0};
    enum eidc_ctl_key got;
    while ((got = eidc_ctl_keys_next(&keys, &answer.key, &err)) == EIDC_CTL_KEY) {
        if (!compute_one(hasher, scheme, &answer)) {
            eidc_fail(&err, EIDC_ERR_IO, "the digest failed");
            break;
        }
        eidc_ctl_answer_print(ctl, &answer);
    }
    eidc_ctl_list_free(&answer.values);
    eidc_ctl_keys_free(&keys);
    if (got == EIDC_CTL_KEY_END)
        return EIDC_CTL_OK;
    eidc_ctl_failed(ctl, "compute", &err, NULL);
    return err.kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
}

int eidc_ctl_compute(struct eidc_ctl *ctl)
{
    EIDC_BUF_SECRET key = {0};
    struct eidc_eid_scheme scheme;
    struct eidc_eid_hasher *hasher;
    struct eidc_err err;
    if (!eidc_ctl_scheme(ctl, &scheme, &key, &err) ||
        !eidc_eid_hasher_new(&scheme, eidc_buf_view(&key), &hasher, &err)) {
        eidc_ctl_failed(ctl, "compute", &err, NULL);
        return err.kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
    }
    int code = compute_all(ctl, hasher, &scheme);
    eidc_eid_hasher_free(hasher);
    return code;
}
