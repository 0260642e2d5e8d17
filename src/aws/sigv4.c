#include "eidcached/aws/sigv4.h"
