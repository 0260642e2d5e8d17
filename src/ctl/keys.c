#include "eidcached/ctl/keys.h"

#include <errno.h>
#include <stdlib.h>

#include "eidcached/base/name.h"

static const char *input_name(const struct eidc_ctl_keys *keys)
{
    return keys->input != NULL ? keys->input : "standard input";
}

/* One line that is not empty, without what ends it; false at the end and on a read error. */
static bool next_line(struct eidc_ctl_keys *keys, struct eidc_str *line)
{
    do {
        ssize_t n = getline(&keys->text, &keys->room, keys->ctl->io->in);
        if (n < 0)
            return false;
        if (n > 0 && keys->text[n - 1] == '\n')
            n--;
        *line = eidc_name_of_line((struct eidc_str){keys->text, (size_t)n}, ++keys->line == 1);
    } while (line->n == 0);
    return true;
}

static enum eidc_ctl_key check(const struct eidc_ctl_keys *keys, struct eidc_str key,
                               struct eidc_err *err)
{
    const char *problem = eidc_name_problem(key);
    if (problem == NULL)
        return EIDC_CTL_KEY;
    if (keys->reading)
        eidc_fail(err, EIDC_ERR_INVALID, "line %llu of %s is no %s: it %s",
                  (unsigned long long)keys->line, input_name(keys), keys->what, problem);
    else
        eidc_fail(err, EIDC_ERR_INVALID, "argument %zu is no %s: it %s", keys->arg, keys->what,
                  problem);
    return EIDC_CTL_KEY_BAD;
}

enum eidc_ctl_key eidc_ctl_keys_next(struct eidc_ctl_keys *keys, struct eidc_str *key,
                                     struct eidc_err *err)
{
    while (keys->reading || keys->arg < keys->ctl->arg_count) {
        if (!keys->reading) {
            *key = eidc_str_of(keys->ctl->args[keys->arg++]);
            keys->reading = eidc_str_eq(*key, EIDC_STR("-"));
            if (!keys->reading)
                return check(keys, *key, err);
        }
        if (next_line(keys, key))
            return check(keys, *key, err);
        if (ferror(keys->ctl->io->in)) {
            eidc_fail_errno(err, "%s", input_name(keys));
            return EIDC_CTL_KEY_BAD;
        }
        keys->reading = false;
    }
    return EIDC_CTL_KEY_END;
}

void eidc_ctl_keys_free(struct eidc_ctl_keys *keys)
{
    free(keys->text);
    keys->text = NULL;
}

bool eidc_ctl_keys_alone(const struct eidc_ctl *ctl)
{
    return ctl->arg_count == 1 && strcmp(ctl->args[0], "-") != 0;
}
