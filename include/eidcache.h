#ifndef EIDCACHE_H
#define EIDCACHE_H
/*
 * libeidcache: look names and EIDs up in an eidcached image, in this process, without HTTP.
 *
 *     eidcache *c;
 *     char msg[EIDCACHE_MESSAGE];
 *     if (eidcache_open("/var/lib/eidcached/current.eidc", &c, msg) != EIDCACHE_OK) ...
 *     char eid[EIDCACHE_EID_MAX];
 *     size_t n;
 *     if (eidcache_forward(c, "sales_prod.orders", 17, eid, sizeof eid, &n) == EIDCACHE_OK) ...
 *     eidcache_close(c);
 *
 * Threads: any number may look up in one handle at once; close it when they are done.
 * No look-up allocates. Text is UTF-8, lengths are bytes, outputs are NUL-terminated.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EIDCACHE_API __attribute__((visibility("default")))
#else
#define EIDCACHE_API
#endif

#define EIDCACHE_MESSAGE  1024 /* bytes of a message buffer */
#define EIDCACHE_EID_MAX  256  /* bytes for any EID as text, with its NUL */
#define EIDCACHE_NAME_MAX 2049 /* bytes for any name, with its NUL */

typedef struct eidcache eidcache;

enum eidcache_result {
    EIDCACHE_OK = 0,
    EIDCACHE_MISS = 1,      /* not in the map */
    EIDCACHE_TOO_SMALL = 2, /* out_size must be at least *out_length + 1; out is untouched */
    EIDCACHE_ERROR = 3,     /* message says why */
};

/* Maps the image at path and checks that it can be used; O(1), whatever its size. An image is never
 * changed in place: open the path again to see a newer one. message may be NULL. */
EIDCACHE_API enum eidcache_result eidcache_open(const char *path, eidcache **out,
                                                char message[EIDCACHE_MESSAGE]);
EIDCACHE_API void eidcache_close(eidcache *cache); /* NULL is fine */

/* The EID of a name, and the name of an EID; the first where there are several. The order of a
 * name's EIDs: its checksum, then those that are fields of listed objects, in byte order. The
 * order of an EID's names: byte order. out_length (may be NULL) is without the NUL. */
EIDCACHE_API enum eidcache_result eidcache_forward(const eidcache *cache, const char *name,
                                                   size_t name_length, char *out, size_t out_size,
                                                   size_t *out_length);
EIDCACHE_API enum eidcache_result eidcache_reverse(const eidcache *cache, const char *eid,
                                                   size_t eid_length, char *out, size_t out_size,
                                                   size_t *out_length);

/* Calls each(arg, text, length) for every EID of a name, or name of an EID, in that order, until
 * it returns non-zero. The text is valid during the call. */
typedef int eidcache_each(void *arg, const char *text, size_t length);
EIDCACHE_API enum eidcache_result eidcache_forward_all(const eidcache *cache, const char *name,
                                                       size_t name_length, eidcache_each *each,
                                                       void *arg);
EIDCACHE_API enum eidcache_result eidcache_reverse_all(const eidcache *cache, const char *eid,
                                                       size_t eid_length, eidcache_each *each,
                                                       void *arg);

struct eidcache_info {
    uint64_t number; /* of the generation */
    uint64_t names, entries;
    uint64_t bytes;
    int64_t created_at_ms; /* unix time */
    char id[17];
};
EIDCACHE_API void eidcache_info(const eidcache *cache, struct eidcache_info *out);

/* Checks every byte and every entry; slow for large images. message may be NULL. */
EIDCACHE_API enum eidcache_result eidcache_verify(const eidcache *cache,
                                                  char message[EIDCACHE_MESSAGE]);

#ifdef __cplusplus
}
#endif
#endif
