#pragma once
/* What a handle is. Private to src/lib. */
#include <sys/types.h>
#include <time.h>

#include "eidcache.h"
#include "live.h"

/* Which file an image came from. */
struct eidc_file_id {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct eidcache {
    struct eidc_live *live; /* look-ups hold and release, which leaves a handle as it was */
    char *path;
    struct eidc_file_id opened; /* under live->lock */
};
