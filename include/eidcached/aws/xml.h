#pragma once
/* XML answers (S3, STS) through expat: flat events, no tree. No external entities, no DTD. */
#include "eidcached/base/buf.h"
#include "eidcached/base/err.h"

/* Called at the end of each element, with its path from the root: "Error/Code",
 * "ListBucketResult/Contents/Key". text is empty when the element has children. Return false to
 * stop with an error already set. Errors of the document: CORRUPT. */
typedef bool eidc_xml_element(void *arg, const char *path, struct eidc_str text,
                              struct eidc_err *err);
bool eidc_xml_parse(struct eidc_str document, eidc_xml_element *element, void *arg,
                    struct eidc_err *err);
