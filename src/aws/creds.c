#include "eidcached/aws/creds.h"
