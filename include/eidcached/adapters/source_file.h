#pragma once
/*
 * Names from a file, one a line: one scope, called "file". LF or CRLF, the last line may lack its
 * end, a UTF-8 byte-order mark is skipped, empty lines are ignored, duplicates collapse. A line
 * that is not a name is left out and told of through the sink's note, with its number; a file that
 * cannot be read fails the scope.
 */
#include "eidcached/adapters/filter.h"
#include "eidcached/core/source.h"

bool eidc_source_file_new(const char *name, const char *path, const struct eidc_filter *filter,
                          uint64_t max_names, struct eidc_source **out, struct eidc_err *err);
