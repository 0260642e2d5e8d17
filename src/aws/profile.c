#include "eidcached/aws/profile.h"
