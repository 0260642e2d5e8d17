#pragma once
/* Who we are, as AWS's SDKs say it: "eidcached/1.2.3 os/linux md/arch#x86_64", with AWS's execution
 * environment (AWS_EXECUTION_ENV) as "exec-env/...", and the name that the operator gave
 * (AWS_SDK_UA_APP_ID) as "app/...", by which the requests are found in CloudTrail. */

/* The caller frees it. */
char *eidc_user_agent(const char *program);
