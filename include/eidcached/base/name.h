#pragma once
/* What a name is: 1 to 2,048 bytes of valid UTF-8, no NUL, no newline; compared byte for byte. */
#include "eidcached/base/buf.h"

#define EIDC_NAME_MAX 2048

/* NULL when s is a name, else what is wrong with it, for a message: "is empty", ... */
const char *eidc_name_problem(struct eidc_str s);

/* What a line of a text of names holds, its LF gone already: what editors on other systems add is
 * no part of it, a byte-order mark before the first line and a CR at the end of any. */
struct eidc_str eidc_name_of_line(struct eidc_str line, bool first);
