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
 * Threads: any number may look up in one handle at once, while any refresh it; close it when they
 * are done. No look-up allocates or waits. Text is UTF-8, lengths are bytes, outputs are
 * NUL-terminated.
 *
 * Ownership: the caller owns every buffer that it passes, and the handle from eidcache_open to
 * eidcache_close; keys and paths are not kept. Text that a callback is given lies in the image.
 *
 * The file is mapped, not read: look-ups use the bytes that are in it. It may be replaced (renamed
 * over) and deleted at any time, as eidcached does; the pages stay until the handle lets go. It
 * must not be written to or shortened in place: a look-up in a page that was cut off ends the
 * process with SIGBUS. Copy an image to a new name and rename it, never `cp` over it.
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

/* "ok", "miss", "too small", "error"; "unknown" for any other number. Static, never NULL. */
EIDCACHE_API const char *eidcache_result_name(enum eidcache_result result);

/* Maps the image at path and checks that it can be used; O(1), whatever its size. The handle stays
 * with the image that it opened until eidcache_refresh. message may be NULL. */
EIDCACHE_API enum eidcache_result eidcache_open(const char *path, eidcache **out,
                                                char message[EIDCACHE_MESSAGE]);
/* Follows the path: when another file is there now it is opened, and look-ups that start from then
 * on see it; the old one is unmapped when the last look-up in it ends. Costs one stat() when it is
 * the same file, so call it as often as you like: before each piece of work, or every second.
 * *changed (may be NULL) is 1 when there is a new image, else 0. On failure (there is no file, or
 * no image) the handle keeps the one it has. Relative paths mean what they meant to eidcache_open
 * as long as the process stays in its directory. */
EIDCACHE_API enum eidcache_result eidcache_refresh(eidcache *cache, int *changed,
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
 * it returns non-zero. The text is valid during the call, here and below. Callbacks may look up in
 * and refresh the same handle; they must return (no longjmp, no exception), or the image stays
 * mapped for good. */
typedef int eidcache_each(void *arg, const char *text, size_t length);
EIDCACHE_API enum eidcache_result eidcache_forward_all(const eidcache *cache, const char *name,
                                                       size_t name_length, eidcache_each *each,
                                                       void *arg);
EIDCACHE_API enum eidcache_result eidcache_reverse_all(const eidcache *cache, const char *eid,
                                                       size_t eid_length, eidcache_each *each,
                                                       void *arg);

/* Many keys at once, all in the same image: their memory is fetched side by side, which is faster
 * than one by one. Calls each(arg, index, text, length) for every EID of name `index` (or name of
 * EID `index`), keys in order; once with NULL and 0 for a key that is a miss; until it returns
 * non-zero. EIDCACHE_MISS: at least one of the keys that were reported was not found. */
struct eidcache_text {
    const char *p;
    size_t n;
};
typedef int eidcache_each_key(void *arg, size_t index, const char *text, size_t length);
EIDCACHE_API enum eidcache_result eidcache_forward_many(const eidcache *cache,
                                                        const struct eidcache_text *names, size_t n,
                                                        eidcache_each_key *each, void *arg);
EIDCACHE_API enum eidcache_result eidcache_reverse_many(const eidcache *cache,
                                                        const struct eidcache_text *eids, size_t n,
                                                        eidcache_each_key *each, void *arg);

/* Calls each(arg, name, name_length, eid, eid_length) for every entry whose name starts with the
 * prefix (length 0: all), in byte order of names, until it returns non-zero. Only names behind
 * `after` (NULL: from the start), so that a later call goes on where one stopped: give it the last
 * name that was done with. EIDCACHE_MISS: there is none. */
typedef int eidcache_each_entry(void *arg, const char *name, size_t name_length, const char *eid,
                                size_t eid_length);
EIDCACHE_API enum eidcache_result eidcache_scan(const eidcache *cache, const char *prefix,
                                                size_t prefix_length, const char *after,
                                                size_t after_length, eidcache_each_entry *each,
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
