#include "eidcached/core/names.h"
