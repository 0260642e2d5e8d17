#include "eidcached/aws/xml.h"
