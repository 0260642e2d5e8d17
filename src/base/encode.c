#include "eidcached/base/encode.h"
