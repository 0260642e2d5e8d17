#pragma once
/*
 * Names from a file, one a line: one scope, called "file". LF or CRLF, the last line may lack its
 * end, a UTF-8 byte-order mark is skipped, empty lines are ignored. Duplicates count for max_names
 * and collapse when the image is built. A line that is not a name is left out and told of through
 * the sink's note, with its number (the first ten, then how many more). A file that is not there,
 * is not a regular file, cannot be read, or changes while it is read fails the scope.
 */
#include "eidcached/adapters/filter.h"
#include "eidcached/core/source.h"

/* filter's patterns must outlive the source; max_names 0: no limit. begin() returns when all is
 * reported. */
bool eidc_source_file_new(const char *name, const char *path, const struct eidc_filter *filter,
                          uint64_t max_names, struct eidc_source **out, struct eidc_err *err);
