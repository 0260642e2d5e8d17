#pragma once
/*
 * What a provider gave, shared by all who ask: one refresh at a time, whatever the number of those
 * who wait for it. A set is refreshed in the background before its end (by its life: 5, 15 or 60
 * minutes before) while it goes on being served; from 1 minute before its end those who ask wait
 * for the refresh. A refresh that fails keeps the old set in use, even past its end (unless the set
 * is strict), and is tried again after 5 to 10 minutes; but a refusal (DENIED, INVALID) is told to
 * those who ask, as is any failure when there is no set. What was told is told again for a few
 * seconds, rather than asked.
 */
#include "eidcached/aws/creds.h"

struct eidc_creds_provider *eidc_creds_cache_new(struct eidc_creds_provider *inner); /* takes it */
/* A service refused this access key: the set is dropped if it is still that one, and the next get
 * asks again. Many calls meet the same refusal: a key that comes back and is refused once more
 * within half a minute stays. */
void eidc_creds_cache_refused(struct eidc_creds_provider *cache, const char *access_key);
/* A refresh is going on: the client must be cancelled before the cache is destroyed. */
bool eidc_creds_cache_is_busy(const struct eidc_creds_provider *cache);
