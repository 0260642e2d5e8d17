#pragma once
/* Making a generation the current one, and telling the metrics. Refresher's thread, or main before
 * it runs. */
#include "eidcached/core/current.h"

/* Takes the generation. */
void eidc_publish(struct eidc_generation *fresh);
/* The number of the current generation; 0 while there is none. */
uint64_t eidc_served_number(void);
/* The ages of the current generation have moved. */
void eidc_publish_ages(const struct eidc_generation *g);
