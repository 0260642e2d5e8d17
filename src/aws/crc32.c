#include "eidcached/aws/crc32.h"

#define POLYNOMIAL 0xedb88320U /* reflected */

/* A table of 16 does: half a byte at a time, as bodies are pages and not images. */
uint32_t eidc_crc32(struct eidc_str data)
{
    uint32_t table[16];
    uint32_t crc = ~0U;
    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 4; bit++)
            table[i] = (table[i] >> 1) ^ (table[i] & 1 ? POLYNOMIAL : 0);
    }
    for (size_t i = 0; i < data.n; i++) {
        crc ^= (unsigned char)data.p[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}
