#include "eidcached/adapters/snapshot_codec.h"
