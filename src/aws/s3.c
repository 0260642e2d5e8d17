#include "eidcached/aws/s3.h"
