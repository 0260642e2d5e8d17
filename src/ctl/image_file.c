#include "eidcached/ctl/image_file.h"

#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/json.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/keys.h"
#include "eidcached/ctl/progress.h"

static void builder_free_p(struct eidc_builder **builder)
{
    eidc_builder_free(*builder);
}

bool eidc_ctl_image_open(const struct eidc_ctl *ctl, const char *what, const char *path,
                         struct eidc_image **out)
{
    struct eidc_err err;
    if (eidc_image_map_file(path, out, &err))
        return true;
    eidc_ctl_failed(ctl, what, &err,
                    eidc_str_ends(eidc_str_of(path), EIDC_STR(".zst"))
                        ? "it is compressed, unpack it with `zstd -d`"
                        : NULL);
    return false;
}

bool eidc_ctl_image_open_whole(const struct eidc_ctl *ctl, const char *what, const char *path,
                               struct eidc_image **out)
{
    struct eidc_image *image;
    struct eidc_err err;
    if (!eidc_ctl_image_open(ctl, what, path, &image))
        return false;
    if (!eidc_image_check(image, &err)) {
        eidc_image_free(image);
        eidc_wrap(&err, "%s", path);
        eidc_ctl_failed(ctl, what, &err, NULL);
        return false;
    }
    *out = image;
    return true;
}

/* `NAMES IMAGE` is `-O IMAGE NAMES`. False after a complaint. */
static bool take_output(struct eidc_ctl *ctl, const char *what)
{
    const bool given = ctl->options.output != NULL, behind = ctl->arg_count == 2;
    if (given == behind) {
        eidc_ctl_complain(ctl,
                          "%s: needs one file to write, as -O FILE or behind the file to read; "
                          "see eidctl %s --help",
                          what, what);
        return false;
    }
    if (behind) {
        ctl->options.output = ctl->args[1];
        ctl->arg_count = 1;
    }
    return true;
}

static void put_built(const struct eidc_ctl *ctl, const struct eidc_image *image)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    EIDC_BUF_AUTO out = {0};
    if (!ctl->options.json) {
        fprintf(ctl->io->out, "%s: %llu name%s, %zu bytes, id %s\n", ctl->options.output,
                (unsigned long long)info->names, eidc_ctl_s(info->names), eidc_image_block(image).n,
                info->id);
        return;
    }
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "file", ctl->options.output);
    eidc_json_put_z(&j, "id", info->id);
    eidc_json_put_u64(&j, "names", info->names);
    eidc_json_put_u64(&j, "bytes", eidc_image_block(image).n);
    eidc_json_close_object(&j);
    fprintf(ctl->io->out, "%s\n", out.p);
}

static bool build(struct eidc_ctl_filling *filling, eidc_ctl_image_fill *fill,
                  struct eidc_image **out, struct eidc_err *err)
{
    const struct eidc_build_options options = {.scheme = *filling->scheme, .key = filling->key};
    __attribute__((cleanup(builder_free_p))) struct eidc_builder *builder = NULL;
    const int64_t now = eidc_now_ms();
    filling->as_of_ms = now;
    if (!eidc_builder_new(&options, &builder, err) || !fill(filling, err))
        return false;
    uint32_t scope =
        eidc_builder_scope(builder, EIDC_STR("file"), EIDC_STR("file"), filling->as_of_ms);
    return eidc_builder_add(builder, scope, &filling->names, err) &&
           eidc_builder_finish(builder, 1, now, out, err);
}

int eidc_ctl_image_make(struct eidc_ctl *ctl, const char *what, eidc_ctl_image_fill *fill)
{
    EIDC_BUF_SECRET key = {0};
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    struct eidc_eid_scheme scheme;
    struct eidc_err err;
    if (!take_output(ctl, what))
        return EIDC_CTL_USAGE;
    if (!eidc_ctl_scheme(ctl, &scheme, &key, &err)) {
        eidc_ctl_failed(ctl, what, &err, NULL);
        return err.kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
    }
    struct eidc_ctl_filling filling = {.ctl = ctl, .scheme = &scheme, .key = eidc_buf_view(&key)};
    bool built = build(&filling, fill, &image, &err);
    eidc_names_free(&filling.names);
    if (!built)
        return eidc_ctl_failed(ctl, what, &err,
                               err.kind == EIDC_ERR_CONFLICT ? "use more --bits" : filling.advice);
    if (!eidc_file_write(ctl->options.output, eidc_image_block(image), 0644, &err))
        return eidc_ctl_failed(ctl, what, &err, NULL);
    put_built(ctl, image);
    return EIDC_CTL_OK;
}

/* All names that the input holds. Whoever builds by hand wants all lines in it or to know: a line
 * that is no name fails the build, where a refresh leaves it out with a warning. */
static bool read_names(struct eidc_ctl_filling *filling, struct eidc_err *err)
{
    struct eidc_ctl *const ctl = filling->ctl;
    char dash[] = "-";
    char *const lines[] = {dash};
    const bool from_file = ctl->arg_count == 1 && strcmp(ctl->args[0], "-") != 0;
    struct eidc_ctl_io io = *ctl->io;
    struct eidc_ctl reading = {.io = &io, .args = lines, .arg_count = 1};
    struct eidc_ctl_keys keys = {
        .ctl = &reading, .what = "name", .input = from_file ? ctl->args[0] : NULL};
    struct eidc_str name;
    enum eidc_ctl_key got;
    if (from_file && (io.in = fopen(ctl->args[0], "re")) == NULL)
        return eidc_fail_errno(err, "%s", ctl->args[0]);
    struct eidc_ctl_progress progress = eidc_ctl_progress_start(ctl, io.in);
    while ((got = eidc_ctl_keys_next(&keys, &name, err)) == EIDC_CTL_KEY) {
        if (!eidc_names_add(&filling->names, name, (struct eidc_str){0}, err)) {
            got = EIDC_CTL_KEY_BAD;
            break;
        }
        eidc_ctl_progress_step(&progress, filling->names.count);
    }
    eidc_ctl_progress_end(&progress);
    if (from_file)
        fclose(io.in);
    eidc_ctl_keys_free(&keys);
    if (got == EIDC_CTL_KEY_BAD && err->kind == EIDC_ERR_INVALID)
        filling->advice = "mend that line or delete it";
    return got == EIDC_CTL_KEY_END;
}

int eidc_ctl_image_build(struct eidc_ctl *ctl)
{
    return eidc_ctl_image_make(ctl, "image build", read_names);
}
