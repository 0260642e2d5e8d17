#include "eidcached/base/json.h"
