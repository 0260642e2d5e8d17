#include "eidcached/daemon/service.h"
