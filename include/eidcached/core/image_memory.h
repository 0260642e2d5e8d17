#pragma once
/* Memory for images. */
#include <stddef.h>

/* Big, zeroed, page-aligned memory that is only committed where it is written, in huge pages
 * where the system has them. NULL: no memory. */
void *eidc_big_alloc(size_t size);
void eidc_big_free(void *p, size_t size); /* NULL is fine */
/* Gives back what is beyond the first `keep` bytes; returns the size there is now. */
size_t eidc_big_trim(void *p, size_t size, size_t keep);
