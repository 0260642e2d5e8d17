#include "eidcached/base/name.h"

#include "eidcached/base/utf8.h"

#define BOM EIDC_STR("\xef\xbb\xbf")

const char *eidc_name_problem(struct eidc_str s)
{
    if (s.n == 0)
        return "is empty";
    if (s.n > EIDC_NAME_MAX)
        return "is longer than 2048 bytes";
    if (memchr(s.p, '\0', s.n) != NULL)
        return "holds a NUL";
    if (memchr(s.p, '\n', s.n) != NULL)
        return "holds a newline";
    if (eidc_utf8_valid_prefix(s) != s.n)
        return "is not valid UTF-8";
    return NULL;
}

struct eidc_str eidc_name_of_line(struct eidc_str line, bool first)
{
    if (first && eidc_str_starts(line, BOM))
        line = (struct eidc_str){line.p + BOM.n, line.n - BOM.n};
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}
