#include "eidcached/http/service.h"

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

bool eidc_service_refresh_ended(struct eidc_service *service, uint64_t ticket,
                                struct eidc_round_report *out)
{
    pthread_rwlock_rdlock(&service->refresh_lock);
    struct eidc_refresh *refresh = atomic_load(&service->refresh);
    bool ended = refresh != NULL && eidc_refresh_ended(refresh, ticket, out);
    pthread_rwlock_unlock(&service->refresh_lock);
    return ended;
}

void eidc_service_replace_refresh(struct eidc_service *service, struct eidc_refresh *next)
{
    pthread_rwlock_wrlock(&service->refresh_lock);
    eidc_refresh_inherit(next, atomic_load(&service->refresh));
    atomic_store(&service->refresh, next);
    pthread_rwlock_unlock(&service->refresh_lock);
}

void eidc_service_adopt(struct eidc_service *service, const struct eidc_config *config)
{
    atomic_store(&service->max_stale_ms, config->refresh.max_stale);
    atomic_store(&service->refuse_stale, config->refresh.stale_answers == EIDC_STALE_REFUSE);
}
