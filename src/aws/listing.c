#include "eidcached/aws/listing.h"
