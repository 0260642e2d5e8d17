#pragma once
/* Verification's parts. Private to src/core/image*.c. */
#include "eidcached/core/image.h"

bool eidc_verify_fail(struct eidc_err *err, const char *what); /* CORRUPT; returns false */
/* The records, their order and counts, the order index, the checksums. */
bool eidc_verify_records(const struct eidc_image *image, struct eidc_str key, struct eidc_err *err);
