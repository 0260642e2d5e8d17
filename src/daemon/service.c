#include "eidcached/daemon/service.h"

bool eidc_service_request_refresh(struct eidc_service *service, bool accept_shrink,
                                  uint64_t *ticket)
{
    pthread_rwlock_rdlock(&service->refresh_lock);
    struct eidc_refresh *refresh = atomic_load(&service->refresh);
    if (refresh != NULL)
        *ticket = eidc_refresh_request(refresh, accept_shrink);
    pthread_rwlock_unlock(&service->refresh_lock);
    return refresh != NULL;
}

bool eidc_service_wait_refresh(struct eidc_service *service, uint64_t ticket, int64_t slice_ms,
                               struct eidc_round_report *out)
{
    pthread_rwlock_rdlock(&service->refresh_lock);
    struct eidc_refresh *refresh = atomic_load(&service->refresh);
    bool ended = refresh != NULL && eidc_refresh_wait(refresh, ticket, slice_ms, out);
    pthread_rwlock_unlock(&service->refresh_lock);
    return ended;
}
