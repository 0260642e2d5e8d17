#include "eidcached/base/mdoc.h"

#define COLUMNS 72

static void add_byte(struct eidc_buf *out, char byte, bool begins_line)
{
    if (begins_line && (byte == '.' || byte == '\''))
        eidc_buf_add_z(out, "\\&");
    if (byte == '\\')
        eidc_buf_add_z(out, "\\e");
    else
        eidc_buf_add_byte(out, byte);
}

void eidc_mdoc_add_text(struct eidc_buf *out, const char *text)
{
    size_t column = 0;
    for (char before = 0; *text != 0; before = *text++) {
        bool ends = *text == '\n' || (*text == ' ' && (before == '.' || column >= COLUMNS));
        add_byte(out, ends ? '\n' : *text, column == 0);
        column = ends ? 0 : column + 1;
    }
    eidc_buf_add_byte(out, '\n');
}

void eidc_mdoc_add_lines(struct eidc_buf *out, const char *lines)
{
    for (char before = '\n'; *lines != 0; before = *lines++)
        add_byte(out, *lines, before == '\n');
}
