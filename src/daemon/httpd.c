#include "eidcached/daemon/httpd.h"
