#pragma once
/* The number in one option's text, and back. Of options that are numbers or words only. */
#include "eidcached/config/options.h"

/* INVALID: text is none, or outside of what is allowed; *err says what is. */
bool eidc_value_parse(const struct eidc_option *option, const char *text, uint64_t *out,
                      struct eidc_err *err);
/* What eidc_value_parse reads as the same. */
void eidc_value_print(const struct eidc_option *option, uint64_t value, struct eidc_buf *out);

/* "10%", "2.5%": per mille. */
bool eidc_value_ratio(const char *text, uint64_t *out);
