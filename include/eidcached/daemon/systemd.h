#pragma once
/* What systemd wants to hear (sd_notify(3)) and gives (sd_listen_fds(3)). Without systemd every
 * call does nothing. Main thread. What it keeps for us over a restart: refresh/kept_fds.h. */
#include <stdbool.h>
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

/* Sockets passed by systemd, at most `room` of them; returns how many. */
size_t eidc_systemd_sockets(int *out, size_t room);

/* From here on lines of log.format journal go to the journal with fields of their own:
 * EIDCACHED_GENERATION, the number that is served (0: none). Where there is no journal they stay
 * on standard error. */
void eidc_systemd_journal(void);
