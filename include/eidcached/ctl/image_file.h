#pragma once
/* Image files that commands read and write. */
#include "eidcached/core/image_build.h"
#include "eidcached/ctl/ctl.h"

static inline void eidc_ctl_image_free_p(struct eidc_image **image)
{
    eidc_image_free(*image);
}
#define EIDC_CTL_IMAGE_AUTO __attribute__((cleanup(eidc_ctl_image_free_p))) struct eidc_image

/* Opens it for the command `what`; false after a complaint. */
bool eidc_ctl_image_open(const struct eidc_ctl *ctl, const char *what, const char *path,
                         struct eidc_image **out);
/* The same for a command that reads all of it: damage is found before anything is shown. */
bool eidc_ctl_image_open_whole(const struct eidc_ctl *ctl, const char *what, const char *path,
                               struct eidc_image **out);

/* The command `what`, of arguments [FILE] [OUT], makes an image of what `fill` adds to `names`, as
 * one listing of a file source has them: scope "file" of the source "file", as of now unless fill
 * says when. It is written to --output (or OUT) and reported. Returns the exit code. */
struct eidc_ctl_filling {
    struct eidc_ctl *ctl;
    const struct eidc_eid_scheme *scheme;
    struct eidc_str key;
    struct eidc_names names;
    int64_t as_of_ms;
    const char *advice; /* for people, when filling failed; NULL: none */
};
typedef bool eidc_ctl_image_fill(struct eidc_ctl_filling *filling, struct eidc_err *err);
int eidc_ctl_image_make(struct eidc_ctl *ctl, const char *what, eidc_ctl_image_fill *fill);
