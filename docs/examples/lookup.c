/*
 * Prints the EIDs of names from an image, without a daemon.
 *
 *     cc lookup.c $(pkg-config --cflags --libs libeidcache) -o lookup
 *     ./lookup /var/lib/eidcached/current.eidc sales sales_prod.orders
 */
#include <eidcache.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char message[EIDCACHE_MESSAGE], eid[EIDCACHE_EID_MAX];
    eidcache *cache;
    int missed = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: %s IMAGE NAME...\n", argv[0]);
        return 2;
    }
    if (eidcache_open(argv[1], &cache, message) != EIDCACHE_OK) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        if (eidcache_forward(cache, argv[i], strlen(argv[i]), eid, sizeof eid, NULL) ==
            EIDCACHE_OK) {
            printf("%s\t%s\n", argv[i], eid);
        } else {
            fprintf(stderr, "%s: not in this image\n", argv[i]);
            missed = 4;
        }
    }
    eidcache_close(cache);
    return missed;
}
