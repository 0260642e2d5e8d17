#include "eidcached/base/file.h"
