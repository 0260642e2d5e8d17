#include "eidcached/core/current.h"
