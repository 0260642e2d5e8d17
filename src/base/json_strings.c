#include "eidcached/base/json_strings.h"
