#pragma once
/*
 * The HTTP server: listeners, limits, access rules, routing. libmicrohttpd's epoll thread pool
 * runs the handlers; handlers never block but in ?wait.
 */
#include "eidcached/http/service.h"

struct eidc_httpd;

/* Binds every http.listen and starts serving. systemd_fds: sockets passed by systemd, used for
 * "systemd". Errors name the listener. */
bool eidc_httpd_start(struct eidc_service *service, const int *systemd_fds, size_t fd_count,
                      struct eidc_httpd **out, struct eidc_err *err);
/* What is really listened on ("127.0.0.1:43211" when port 0 was asked for), one a line. */
void eidc_httpd_describe(const struct eidc_httpd *httpd, struct eidc_buf *out);
/* Whether every serving thread still turns (pulse.h); for a look now and then, always from the same
 * thread. The error names a listener. */
bool eidc_httpd_answers(struct eidc_httpd *httpd, int64_t patience_ms, struct eidc_err *err);
/* Stops accepting, lets requests in flight end for at most drain_ms, closes. beat, unless it is
 * NULL, is called every few milliseconds meanwhile. */
void eidc_httpd_stop(struct eidc_httpd *httpd, int64_t drain_ms, void (*beat)(void *arg),
                     void *arg);
