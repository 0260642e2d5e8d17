#include "eidcached/core/pointer.h"
