#pragma once
/* What systemd wants to hear (sd_notify(3)) and gives (sd_listen_fds(3)). Without systemd every
 * call does nothing. Main thread only. */
#include <stddef.h>
#include <stdint.h>

void eidc_systemd_ready(const char *status);
void eidc_systemd_status(const char *status);
/* Between reloading and the next ready the service counts as reloading. */
void eidc_systemd_reloading(void);
void eidc_systemd_stopping(void);
/* How often to call eidc_systemd_alive, in milliseconds; 0: no watchdog. */
int64_t eidc_systemd_watchdog_ms(void);
void eidc_systemd_alive(void);

/* Sockets passed by systemd: *first is the first descriptor; returns how many. */
size_t eidc_systemd_sockets(int *first);
