#include "eidcached/base/clock.h"
