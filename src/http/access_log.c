#include "eidcached/http/access_log.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "eidcached/base/log.h"

/* Evenly, each thread for itself: every hundredth request at 1 %. */
static bool is_logged(unsigned per_mille)
{
    static _Thread_local unsigned sum;
    sum += per_mille;
    if (sum < 1000)
        return false;
    sum -= 1000;
    return true;
}

static void write_peer(struct MHD_Connection *mhd, char text[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL)
        return;
    void *peer = info->client_addr;
    if (info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)peer)->sin_addr, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)peer)->sin6_addr, text, INET6_ADDRSTRLEN);
}

void eidc_access_log(struct MHD_Connection *mhd, const struct eidc_request *r, const char *method,
                     int64_t now_us)
{
    char peer[INET6_ADDRSTRLEN] = "unix";
    if (!is_logged(r->service->config->http.access_log))
        return;
    if (!r->is_unix)
        write_peer(mhd, peer);
    eidc_info("http: %s %s %.*s %u %" PRId64 "us", peer, method, EIDC_STR_ARG(r->path),
              r->answer.status, now_us - r->started_us);
}
