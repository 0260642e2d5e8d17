#pragma once
/* As whom AWS is called: the credentials of each distinct set of settings, made when first asked
 * for. For call.c; others ask eidc_aws_identity. */
#include "eidcached/aws/call.h"

struct eidc_identities;
struct eidc_identities *eidc_identities_new(struct eidc_aws *aws);
/* Settings are the same when what decides about credentials is: the profile, the role and its
 * external id, and where STS is asked. */
struct eidc_creds_provider *eidc_identities_get(struct eidc_identities *identities,
                                                const struct eidc_aws_settings *settings);
void eidc_identities_cancel(struct eidc_identities *identities);
bool eidc_identities_are_busy(const struct eidc_identities *identities); /* a refresh is going on */
void eidc_identities_free(struct eidc_identities *identities);           /* when none are */
