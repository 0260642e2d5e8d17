#include "eidcached/ctl/list.h"

#include "eidcached/base/mem.h"

void eidc_ctl_list_add(struct eidc_ctl_list *list, struct eidc_str text)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 16 : 2 * list->room;
        list->ends = eidc_xrealloc(list->ends, list->room, sizeof *list->ends);
    }
    eidc_buf_add_str(&list->bytes, text);
    list->ends[list->count++] = list->bytes.n;
}

struct eidc_str eidc_ctl_list_at(const struct eidc_ctl_list *list, size_t index)
{
    size_t start = index == 0 ? 0 : list->ends[index - 1];
    return (struct eidc_str){eidc_buf_view(&list->bytes).p + start, list->ends[index] - start};
}

void eidc_ctl_list_clear(struct eidc_ctl_list *list)
{
    eidc_buf_clear(&list->bytes);
    list->count = 0;
}

void eidc_ctl_list_free(struct eidc_ctl_list *list)
{
    eidc_buf_free(&list->bytes);
    free(list->ends);
    *list = (struct eidc_ctl_list){0};
}
