#pragma once
/* What every fuzz target has. Built for libFuzzer (EIDC_FUZZ), or with replay.c, which gives it
 * the files of its seeds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that does not hold is a crash. */
#define fuzz_must(condition) ((condition) ? (void)0 : abort())
