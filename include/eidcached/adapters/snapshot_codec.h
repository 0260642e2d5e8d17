#pragma once
/* Snapshots at rest: an image as zstd (RFC 8878), one frame with its content size and checksum. */
#include "eidcached/core/image.h"

bool eidc_snapshot_compress(struct eidc_str block, struct eidc_buf *out, struct eidc_err *err);
/* Takes the stored bytes (compressed or not, told by the key's .zst) and opens the image in memory
 * of its own. A frame that claims far more than such images compress by is refused unread, and
 * memory is only committed where it is really written. Errors: CORRUPT, NOMEM. */
bool eidc_snapshot_open(struct eidc_str stored, bool compressed, struct eidc_image **out,
                        struct eidc_err *err);
