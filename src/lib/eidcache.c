#include "eidcache.h"
