#include "eidcached/core/image_memory.h"

#include <sys/mman.h>
#include <unistd.h>

/* Look-ups hit pages at random: with 4 KiB pages most of them would also miss the TLB. */
void *eidc_big_alloc(size_t size)
{
    void *p = mmap(NULL, size > 0 ? size : 1, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    (void)madvise(p, size, MADV_HUGEPAGE); /* only advice: fine where there are none */
    return p;
}

void eidc_big_free(void *p, size_t size)
{
    if (p != NULL)
        munmap(p, size > 0 ? size : 1);
}

size_t eidc_big_trim(void *p, size_t size, size_t keep)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t kept = (keep + page - 1) / page * page;
    if (kept == 0 || kept >= size || munmap((char *)p + kept, size - kept) != 0)
        return size;
    return kept;
}
