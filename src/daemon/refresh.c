#include "eidcached/daemon/refresh.h"
