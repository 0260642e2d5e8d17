#include "eidcached/base/metrics.h"
