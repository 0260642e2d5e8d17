#pragma once
/*
 * credential_process: a program that prints credentials. It is run without a shell, in a process
 * group of its own, with this process's environment and nothing of its files; its output is at most
 * 8 KiB, and after 60 seconds it is killed. The loop goes on meanwhile.
 */
#include "eidcached/aws/creds.h"

/* command: words between blanks; quotes ("..." and '...') and \ as in a shell, nothing else of it.
 */
struct eidc_creds_provider *eidc_creds_process_new(struct eidc_http_client *http,
                                                   const char *command);
