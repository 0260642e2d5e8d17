#include "eidcached/base/digest.h"
