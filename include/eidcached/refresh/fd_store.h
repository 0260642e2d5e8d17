#pragma once
/*
 * The image in the service manager's descriptor store: each generation is moved into a sealed
 * memfd that outlives this process, so that the next one serves it at once, with no disk and no
 * network. Kept there are "image-NUMBER-ID" and "times", CURRENT's document, as times move without
 * a new image. Where the service manager keeps no descriptors all of this does nothing. Main before
 * the refresher runs, then the refresher's thread.
 */
#include "eidcached/core/image.h"
#include "eidcached/core/pointer.h"

/* The newest image that was passed to this process, sealed and whole, served where it is; *pointer
 * has its times. NOT_FOUND: there is none. What was passed besides is given up: what is no good
 * with a line in the log. */
bool eidc_fd_store_load(struct eidc_image **image, struct eidc_pointer *pointer,
                        struct eidc_err *err);

/* Has the current generation kept: moves it into a memfd if it is in none yet (readers go on, as
 * at every publish) and writes its times down. What fails is logged and costs nothing else. */
void eidc_fd_store_keep(void);
