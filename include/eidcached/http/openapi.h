#pragma once
/* docs/openapi.json as it is built in. */
#include "eidcached/http/constant.h"

extern const struct eidc_constant eidc_openapi;
