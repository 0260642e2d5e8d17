#include "eidcached/http/descriptors.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "eidcached/base/log.h"

#define OTHERS 128 /* files, listeners, epolls, the sockets of AWS requests */

static uint64_t room_in(uint64_t files)
{
    return files > 2 * OTHERS ? files - OTHERS : files / 2;
}

uint64_t eidc_descriptors_need(uint64_t connections)
{
    struct rlimit limit;
    uint64_t need = connections + OTHERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
        return connections;
    limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= need)
        return connections;
    eidc_warn("http: %" PRIu64 " files may be open, and http.max_connections needs %" PRIu64
              " (ulimit -n, LimitNOFILE=): fewer connections are served",
              (uint64_t)limit.rlim_cur, need);
    return room_in(limit.rlim_cur);
}
