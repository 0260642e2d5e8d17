#include "eidcached/core/image.h"
