#pragma once
/* A list of texts in one buffer. Valid when zeroed. */
#include "eidcached/base/buf.h"

struct eidc_ctl_list {
    struct eidc_buf bytes;
    size_t *ends;
    size_t count, room;
};

void eidc_ctl_list_add(struct eidc_ctl_list *list, struct eidc_str text);
struct eidc_str eidc_ctl_list_at(const struct eidc_ctl_list *list, size_t index);
void eidc_ctl_list_clear(struct eidc_ctl_list *list); /* keeps the memory */
void eidc_ctl_list_free(struct eidc_ctl_list *list);

#define EIDC_CTL_LIST_AUTO __attribute__((cleanup(eidc_ctl_list_free))) struct eidc_ctl_list
