#include "eidcached/core/eid.h"
