#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/json.h"
#include "eidcached/core/image_build.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/keys.h"

#define SCOPES_SHOWN 20

static void image_free_p(struct eidc_image **image)
{
    eidc_image_free(*image);
}

static void builder_free_p(struct eidc_builder **builder)
{
    eidc_builder_free(*builder);
}

#define IMAGE_AUTO __attribute__((cleanup(image_free_p))) struct eidc_image

static int open_failed(const struct eidc_ctl *ctl, const char *what, const struct eidc_err *err)
{
    struct eidc_str path = eidc_str_of(ctl->args[0]);
    bool compressed = path.n > 4 && memcmp(path.p + path.n - 4, ".zst", 4) == 0;
    return eidc_ctl_failed(ctl, what, err,
                           compressed ? "it is compressed, unpack it with `zstd -d`" : NULL);
}

/* All names that the input holds. */
static bool read_names(struct eidc_ctl *ctl, struct eidc_names *names, struct eidc_err *err)
{
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
    while ((got = eidc_ctl_keys_next(&keys, &name, err)) == EIDC_CTL_KEY) {
        if (!eidc_names_add(names, name, (struct eidc_str){0}, err)) {
            got = EIDC_CTL_KEY_BAD;
            break;
        }
    }
    if (from_file)
        fclose(io.in);
    eidc_ctl_keys_free(&keys);
    return got == EIDC_CTL_KEY_END;
}

/* As one listing of a file source has them: scope "file" of the source "file". */
static bool build(struct eidc_ctl *ctl, struct eidc_str key, const struct eidc_eid_scheme *scheme,
                  struct eidc_image **out, struct eidc_err *err)
{
    const struct eidc_build_options options = {.scheme = *scheme, .key = key};
    __attribute__((cleanup(builder_free_p))) struct eidc_builder *builder = NULL;
    __attribute__((cleanup(eidc_names_free))) struct eidc_names names = {0};
    const int64_t now = eidc_now_ms();
    if (!eidc_builder_new(&options, &builder, err) || !read_names(ctl, &names, err))
        return false;
    uint32_t scope = eidc_builder_scope(builder, EIDC_STR("file"), EIDC_STR("file"), now);
    return eidc_builder_add(builder, scope, &names, err) &&
           eidc_builder_finish(builder, 1, now, out, err);
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

/* `image build NAMES IMAGE` is `image build -O IMAGE NAMES`. */
static bool take_output(struct eidc_ctl *ctl)
{
    if (ctl->arg_count < 2)
        return ctl->options.output != NULL;
    if (ctl->options.output != NULL)
        return false;
    ctl->options.output = ctl->args[1];
    ctl->arg_count = 1;
    return true;
}

int eidc_ctl_image_build(struct eidc_ctl *ctl)
{
    EIDC_BUF_SECRET key = {0};
    IMAGE_AUTO *image = NULL;
    struct eidc_eid_scheme scheme;
    struct eidc_err err;
    if (!take_output(ctl)) {
        eidc_ctl_complain(ctl, "image build: needs one file to write, as -O FILE or behind the "
                               "file of names; see eidctl image build --help");
        return EIDC_CTL_USAGE;
    }
    if (!eidc_ctl_scheme(ctl, &scheme, &key, &err)) {
        eidc_ctl_failed(ctl, "image build", &err, NULL);
        return err.kind == EIDC_ERR_INVALID ? EIDC_CTL_USAGE : EIDC_CTL_FAILED;
    }
    if (!build(ctl, eidc_buf_view(&key), &scheme, &image, &err))
        return eidc_ctl_failed(ctl, "image build", &err,
                               err.kind == EIDC_ERR_CONFLICT ? "use more --bits" : NULL);
    if (!eidc_file_write(ctl->options.output, eidc_image_block(image), 0644, &err))
        return eidc_ctl_failed(ctl, "image build", &err, NULL);
    put_built(ctl, image);
    return EIDC_CTL_OK;
}

static void put_info_text(const struct eidc_ctl *ctl, const struct eidc_image *image)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    char scheme[128], time[EIDC_TIME_TEXT];
    struct eidc_scope scope;
    FILE *out = ctl->io->out;
    eidc_eid_scheme_describe(&info->scheme, scheme);
    eidc_time_print(info->created_at_ms, time);
    fprintf(out, "id          %s\ngeneration  %llu, created %s\n", info->id,
            (unsigned long long)info->number, time);
    fprintf(out, "names       %llu (%llu entries, %llu with an EID that is no checksum)\n",
            (unsigned long long)info->names, (unsigned long long)info->entries,
            (unsigned long long)info->text_entries);
    fprintf(out, "EIDs        %s\n", scheme);
    fprintf(out, "size        %zu bytes, format %u\n", eidc_image_block(image).n,
            info->format_version);
    fprintf(out, "scopes      %u\n", info->scopes);
    for (uint32_t i = 0; i < info->scopes && i < SCOPES_SHOWN; i++) {
        if (!eidc_image_scope(image, i, &scope))
            break;
        eidc_time_print(scope.as_of_ms, time);
        fputs("            ", out);
        eidc_ctl_put(ctl, scope.source);
        fputs(" / ", out);
        eidc_ctl_put(ctl, scope.name);
        fprintf(out, ", as of %s\n", time);
    }
    if (info->scopes > SCOPES_SHOWN)
        fprintf(out, "            and %u more; -o json shows all\n", info->scopes - SCOPES_SHOWN);
}

static void write_scopes(struct eidc_json *j, const struct eidc_image *image)
{
    struct eidc_scope scope;
    eidc_json_key(j, "scopes");
    eidc_json_open_array(j);
    for (uint32_t i = 0; eidc_image_scope(image, i, &scope); i++) {
        eidc_json_open_object(j);
        eidc_json_put_str(j, "source", scope.source);
        eidc_json_put_str(j, "name", scope.name);
        eidc_json_put_time(j, "as_of", scope.as_of_ms);
        eidc_json_close_object(j);
    }
    eidc_json_close_array(j);
}

static void put_info_json(const struct eidc_ctl *ctl, const struct eidc_image *image)
{
    const struct eidc_image_info *info = eidc_image_info(image);
    char scheme[128];
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"number", info->number},
                   {"names", info->names},
                   {"entries", info->entries},
                   {"text_entries", info->text_entries},
                   {"bytes", eidc_image_block(image).n},
                   {"format_version", info->format_version}};
    eidc_eid_scheme_describe(&info->scheme, scheme);
    eidc_json_open_object(&j);
    eidc_json_put_z(&j, "id", info->id);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        eidc_json_put_u64(&j, numbers[i].key, numbers[i].value);
    }
    eidc_json_put_time(&j, "created_at", info->created_at_ms);
    eidc_json_put_z(&j, "scheme", scheme);
    write_scopes(&j, image);
    eidc_json_close_object(&j);
    fprintf(ctl->io->out, "%s\n", out.p);
}

int eidc_ctl_image_info(struct eidc_ctl *ctl)
{
    IMAGE_AUTO *image = NULL;
    struct eidc_err err;
    if (!eidc_image_map_file(ctl->args[0], &image, &err))
        return open_failed(ctl, "image info", &err);
    if (ctl->options.json)
        put_info_json(ctl, image);
    else
        put_info_text(ctl, image);
    return EIDC_CTL_OK;
}

int eidc_ctl_image_verify(struct eidc_ctl *ctl)
{
    EIDC_BUF_SECRET key = {0};
    IMAGE_AUTO *image = NULL;
    struct eidc_err err;
    if (!eidc_ctl_read_key(ctl, &key, &err))
        return eidc_ctl_failed(ctl, "image verify", &err, NULL);
    if (!eidc_image_map_file(ctl->args[0], &image, &err))
        return open_failed(ctl, "image verify", &err);
    if (!eidc_image_verify(image, eidc_buf_view(&key), &err)) {
        eidc_wrap(&err, "%s", ctl->args[0]);
        return eidc_ctl_failed(ctl, "image verify", &err, NULL);
    }
    const struct eidc_image_info *info = eidc_image_info(image);
    if (ctl->options.json)
        fprintf(ctl->io->out, "{\"id\":\"%s\",\"good\":true}\n", info->id);
    else
        fprintf(ctl->io->out, "good: id %s, %llu name%s%s\n", info->id,
                (unsigned long long)info->names, eidc_ctl_s(info->names),
                info->scheme.keyed && key.n == 0 ? "; EIDs not recomputed, for want of --key-file"
                                                 : "");
    return EIDC_CTL_OK;
}
