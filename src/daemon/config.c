#include "eidcached/daemon/config.h"
