/* libeidcache on a damaged or hostile file: errors and misses, never a fault. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eidcache.h"
#include "tests/fuzz/fuzz.h"

#define ASKED 300 /* entries of one input */

struct asking {
    eidcache *cache;
    int left;
};

static int take(void *arg, const char *text, size_t length)
{
    struct asking *asking = arg;
    fuzz_must(text != NULL || length == 0);
    return --asking->left <= 0;
}

static int take_key(void *arg, size_t index, const char *text, size_t length)
{
    (void)index;
    return take(arg, text, length);
}

/* All that can be asked of a key, as a name and as an EID. */
static void ask(eidcache *cache, const char *key, size_t n)
{
    char text[64]; /* too small for some answers */
    size_t length;
    struct asking asking = {cache, ASKED};
    const struct eidcache_text keys[] = {{key, n}, {"sales", 5}, {"", 0}};
    eidcache_forward(cache, key, n, text, sizeof text, &length);
    eidcache_reverse(cache, key, n, text, sizeof text, &length);
    eidcache_forward_all(cache, key, n, take, &asking);
    eidcache_reverse_all(cache, key, n, take, &asking);
    eidcache_forward_many(cache, keys, 3, take_key, &asking);
    eidcache_reverse_many(cache, keys, 3, take_key, &asking);
}

static int ask_entry(void *arg, const char *name, size_t name_length, const char *eid,
                     size_t eid_length)
{
    struct asking *asking = arg;
    ask(asking->cache, name, name_length);
    ask(asking->cache, eid, eid_length);
    return --asking->left <= 0;
}

static void use(const char *path)
{
    eidcache *cache;
    char message[EIDCACHE_MESSAGE];
    struct eidcache_info info;
    if (eidcache_open(path, &cache, message) != EIDCACHE_OK) {
        fuzz_must(strlen(message) > 0);
        return;
    }
    struct asking asking = {cache, ASKED};
    ask(cache, "sales", 5);
    ask(cache, "e04eb29020eaa961e99d3162635e9fe9", 32);
    eidcache_scan(cache, "", 0, NULL, 0, ask_entry, &asking);
    eidcache_scan(cache, "a", 1, "alias", 5, ask_entry, &asking);
    eidcache_info(cache, &info);
    eidcache_verify(cache, message);
    fuzz_must(eidcache_refresh(cache, NULL, message) == EIDCACHE_OK);
    eidcache_close(cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("image", MFD_CLOEXEC);
    fuzz_must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    use(path);
    close(fd);
    return 0;
}
