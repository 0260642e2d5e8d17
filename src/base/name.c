#include "eidcached/base/name.h"
