#pragma once
/*
 * What one key was answered, and how it is shown:
 * - text: the values, one a line, when the key is alone; else KEY<TAB>FIRST VALUE, which is empty
 *   for a miss;
 * - json: {"name":"a","eid":"..."}, one a line; more than one value: also "eids":[...]; a miss has
 *   null.
 */
#include "eidcached/ctl/ctl.h"
#include "eidcached/ctl/list.h"

struct eidc_ctl_answer {
    bool reverse; /* the key is an EID */
    bool alone;
    struct eidc_str key;
    struct eidc_ctl_list values;
};

void eidc_ctl_answer_print(const struct eidc_ctl *ctl, const struct eidc_ctl_answer *answer);
