#include "eidcached/base/mem.h"
