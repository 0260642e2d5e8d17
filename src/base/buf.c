#include "eidcached/base/buf.h"
