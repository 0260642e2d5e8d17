#pragma once
/* A list of words in one text, with one blank between: how tables hold short lists. NULL and "" are
 * the empty list. */
#include "eidcached/base/buf.h"

/* *at starts as the list and is moved on; false, *word as it was: there is none left. */
bool eidc_words_next(const char **at, struct eidc_str *word);
bool eidc_words_have(const char *words, struct eidc_str word);
