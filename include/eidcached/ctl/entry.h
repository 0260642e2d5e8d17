#pragma once
/*
 * One entry of an image, as lists of entries show it:
 * - text: NAME<TAB>EID, behind + or - when it is a change;
 * - json: {"name":"a","eid":"..."}, one a line; of a change: {"change":"added","name":...}.
 */
#include "eidcached/core/diff.h"
#include "eidcached/ctl/ctl.h"

void eidc_ctl_pair_put(const struct eidc_ctl *ctl, struct eidc_str name, struct eidc_str eid);
void eidc_ctl_changed_pair_put(const struct eidc_ctl *ctl, enum eidc_change change,
                               struct eidc_str name, struct eidc_str eid);
/* The same, of a record. */
void eidc_ctl_entry_put(const struct eidc_ctl *ctl, const struct eidc_image *image,
                        const struct eidc_record *record);
void eidc_ctl_change_put(const struct eidc_ctl *ctl, enum eidc_change change,
                         const struct eidc_image *image, const struct eidc_record *record);
