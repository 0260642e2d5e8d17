#include "eidcached/base/yaml.h"
