#include "eidcached/core/eid_cache.h"
