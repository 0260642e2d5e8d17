#include "eidcached/core/image_build.h"
