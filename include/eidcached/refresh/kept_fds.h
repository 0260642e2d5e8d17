#pragma once
/*
 * The descriptor store of systemd: what is kept there outlives this process and is passed to the
 * next one. On when $FDSTORE says how many descriptors it takes: systemd sets it from version 254
 * on, our unit does for those before. Names are at most 255 characters, without ':'.
 */
#include <stdbool.h>
#include <stddef.h>

bool eidc_keeps_fds(void);
bool eidc_keep_fd(int fd, const char *name); /* the caller still closes its own */
/* There, and here: what was passed with that name is closed. */
void eidc_forget_fd(const char *name);

/* The i-th descriptor that was passed, is no socket, and is still open, with its name (static for
 * the process); false past the last one. */
bool eidc_kept_fd(size_t i, int *fd, const char **name);
void eidc_close_kept_fd(int fd); /* the service manager has its own */
/* The i-th stream socket that was passed; false past the last one. */
bool eidc_passed_socket(size_t i, int *fd);
