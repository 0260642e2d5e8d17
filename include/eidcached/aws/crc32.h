#pragma once
/* The CRC-32 of zlib and Ethernet, in which DynamoDB tells what its answers should be. */
#include "eidcached/base/buf.h"

uint32_t eidc_crc32(struct eidc_str data);
