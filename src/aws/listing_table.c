/* The table of list operations. Source of the rows: the public API models of botocore 1.43. */
#include <string.h>

#include "eidcached/aws/listing.h"

static const struct eidc_listing rows[] = {
    {
        .id = "glue.databases",
        .service = "glue",
        .endpoint = "glue",
        .env_suffix = "GLUE",
        .operation = "GetDatabases",
        .target = "AWSGlue",
        .json_version = "1.1",
        .optional = "\"AttributesToGet\":[\"NAME\"]",
        .token_in = "NextToken",
        .token_out = "NextToken",
        .limit_key = "MaxResults",
        .limit = 100,
        .list = "DatabaseList",
        .name = "Name",
        .own_field = "database",
        .default_name = "{database}",
    },
    {
        .id = "glue.tables",
        .service = "glue",
        .endpoint = "glue",
        .env_suffix = "GLUE",
        .operation = "GetTables",
        .target = "AWSGlue",
        .json_version = "1.1",
        .optional = "\"AttributesToGet\":[\"NAME\"]",
        .token_in = "NextToken",
        .token_out = "NextToken",
        .limit_key = "MaxResults",
        .limit = 100,
        .list = "TableList",
        .name = "Name",
        .parent = "glue.databases",
        .parent_key = "DatabaseName",
        .parent_field = "database",
        .own_field = "table",
        .gone = "EntityNotFoundException",
        .default_name = "{database}.{table}",
    },
};

const struct eidc_listing *eidc_listing_at(size_t index)
{
    return index < sizeof(rows) / sizeof(rows[0]) ? &rows[index] : NULL;
}

const struct eidc_listing *eidc_listing_find(const char *id)
{
    const struct eidc_listing *row;
    for (size_t i = 0; (row = eidc_listing_at(i)) != NULL; i++) {
        if (strcmp(row->id, id) == 0)
            return row;
    }
    return NULL;
}
