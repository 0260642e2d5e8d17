#include "eidcached/adapters/filter.h"
