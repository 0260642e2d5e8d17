#include "eidcached/aws/retry.h"
