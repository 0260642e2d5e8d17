#include "eidcached/aws/call.h"
