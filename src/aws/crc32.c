#include "eidcached/aws/crc32.h"

#include <pthread.h>

#define POLYNOMIAL 0xedb88320U /* reflected */

/* table[k][b]: the CRC of byte b with k zero bytes behind it, so that eight bytes go at once. */
static uint32_t table[8][256];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        table[0][i] = i;
        for (unsigned bit = 0; bit < 8; bit++)
            table[0][i] = (table[0][i] >> 1) ^ (table[0][i] & 1 ? POLYNOMIAL : 0);
    }
    for (unsigned k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++)
            table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 255];
}

uint32_t eidc_crc32(struct eidc_str data)
{
    const unsigned char *p = (const unsigned char *)data.p, *end = p + data.n;
    uint32_t crc = ~0U;
    pthread_once(&made, make_table);
    for (; end - p >= 8; p += 8) {
        uint32_t first = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                                (uint32_t)p[3] << 24);
        crc = table[7][first & 255] ^ table[6][first >> 8 & 255] ^ table[5][first >> 16 & 255] ^
              table[4][first >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
              table[0][p[7]];
    }
    for (; p < end; p++)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
    return ~crc;
}
