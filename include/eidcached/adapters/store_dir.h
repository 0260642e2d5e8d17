#pragma once
/*
 * Snapshots in a local directory: pointer.h's layout, images uncompressed, so that they are mapped
 * in place; current.eidc is a relative symbolic link to the newest. Writes are write, fsync,
 * rename; CURRENT's compare-and-swap is a lock file held with flock(2).
 */
#include "eidcached/core/store.h"

bool eidc_store_dir_new(const char *dir, unsigned keep, struct eidc_store **out,
                        struct eidc_err *err);
