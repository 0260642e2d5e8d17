#include "eidcached/adapters/store_s3.h"
