#include "eidcached/base/words.h"

#include <string.h>

bool eidc_words_next(const char **at, struct eidc_str *word)
{
    if (!*at || !**at)
        return false;
    *word = (struct eidc_str){*at, strcspn(*at, " ")};
    *at += word->n + ((*at)[word->n] == ' ');
    return true;
}

bool eidc_words_have(const char *words, struct eidc_str word)
{
    struct eidc_str have;
    while (eidc_words_next(&words, &have)) {
        if (eidc_str_eq(have, word))
            return true;
    }
    return false;
}
