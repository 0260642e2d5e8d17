#include "eidcached/adapters/source_aws.h"
