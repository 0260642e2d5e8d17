#include "eidcached/base/log.h"
