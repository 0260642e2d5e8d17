#include "eidcached/adapters/store_dir.h"
