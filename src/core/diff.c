#include "eidcached/core/diff.h"
