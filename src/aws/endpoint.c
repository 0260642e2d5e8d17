#include "eidcached/aws/endpoint.h"
