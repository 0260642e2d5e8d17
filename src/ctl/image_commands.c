/* What an image says of itself. */
#include "eidcached/base/clock.h"
#include "eidcached/base/json.h"
#include "eidcached/ctl/commands.h"
#include "eidcached/ctl/image_file.h"

#define SCOPES_SHOWN 20

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
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    if (!eidc_ctl_image_open(ctl, "image info", ctl->args[0], &image))
        return EIDC_CTL_FAILED;
    if (ctl->options.json)
        put_info_json(ctl, image);
    else
        put_info_text(ctl, image);
    return EIDC_CTL_OK;
}

int eidc_ctl_image_verify(struct eidc_ctl *ctl)
{
    EIDC_BUF_SECRET key = {0};
    EIDC_CTL_IMAGE_AUTO *image = NULL;
    struct eidc_err err;
    if (!eidc_ctl_read_key(ctl, &key, &err))
        return eidc_ctl_failed(ctl, "image verify", &err, NULL);
    if (!eidc_ctl_image_open(ctl, "image verify", ctl->args[0], &image))
        return EIDC_CTL_FAILED;
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
