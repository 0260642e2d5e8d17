#pragma once
/* Making a generation the current one, and telling the metrics. Refresher's thread, or main before
 * it runs. */
#include "eidcached/core/change_log.h"
#include "eidcached/core/current.h"

/* Takes the generation. counts (may be NULL): how it differs from the one before. */
void eidc_publish(struct eidc_generation *fresh, struct eidc_diff_counts *counts);
/* What changed between two generations that were published; NULL: that is not known any more. */
struct eidc_changes *eidc_published_between(uint64_t from, uint64_t to);
/* The number of the current generation; 0 while there is none. */
uint64_t eidc_served_number(void);
/* The ages of the current generation have moved. */
void eidc_publish_ages(const struct eidc_generation *g);
