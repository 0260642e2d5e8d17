#include "eidcached/base/err.h"
