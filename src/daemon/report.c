#include "eidcached/daemon/report.h"
