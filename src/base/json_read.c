#include "eidcached/base/json_read.h"
