#include "eidcached/adapters/source_file.h"
