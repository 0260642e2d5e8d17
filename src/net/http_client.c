#include "eidcached/net/http_client.h"
