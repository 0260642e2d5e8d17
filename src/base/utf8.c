#include "eidcached/base/utf8.h"
