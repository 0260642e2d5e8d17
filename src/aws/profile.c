#include "eidcached/aws/profile.h"

#include <openssl/crypto.h>
#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "profile_data.h"

#define FILE_MAX (1024 * 1024)

/* ---- the data ---- */

struct eidc_profile_section *eidc_profiles_find(const struct eidc_profiles *profiles,
                                                const char *name)
{
    for (size_t i = 0; i < profiles->n; i++)
        if (strcmp(profiles->sections[i].name, name) == 0)
            return &profiles->sections[i];
    return NULL;
}

struct eidc_profile_section *eidc_profiles_need(struct eidc_profiles *profiles, const char *name)
{
    struct eidc_profile_section *section = eidc_profiles_find(profiles, name);
    if (section != NULL)
        return section;
    profiles->sections =
        eidc_xrealloc(profiles->sections, profiles->n + 1, sizeof(*profiles->sections));
    section = &profiles->sections[profiles->n++];
    *section = (struct eidc_profile_section){.name = eidc_xstrdup(name)};
    return section;
}

struct eidc_profile_setting *eidc_profile_setting(const struct eidc_profile_section *section,
                                                  const char *key)
{
    for (size_t i = 0; i < section->n; i++)
        if (strcasecmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

void eidc_profile_wipe(char *value)
{
    OPENSSL_cleanse(value, strlen(value));
    free(value);
}

void eidc_profile_set(struct eidc_profile_section *section, const char *key, struct eidc_str value)
{
    struct eidc_profile_setting *setting = eidc_profile_setting(section, key);
    if (setting != NULL) {
        eidc_profile_wipe(setting->value);
    } else {
        section->settings =
            eidc_xrealloc(section->settings, section->n + 1, sizeof(*section->settings));
        setting = &section->settings[section->n++];
        setting->key = eidc_xstrdup(key);
    }
    setting->value = eidc_xstrndup(value.n == 0 ? "" : value.p, value.n);
}

void eidc_profile_clear(struct eidc_profile_section *section)
{
    for (size_t i = 0; i < section->n; i++) {
        free(section->settings[i].key);
        eidc_profile_wipe(section->settings[i].value);
    }
    free(section->settings);
    section->settings = NULL;
    section->n = 0;
}

void eidc_profiles_free(struct eidc_profiles *profiles)
{
    if (profiles == NULL)
        return;
    for (size_t i = 0; i < profiles->n; i++) {
        eidc_profile_clear(&profiles->sections[i]);
        free(profiles->sections[i].name);
    }
    free(profiles->sections);
    free(profiles);
}

/* ---- the files ---- */

/* NULL when there is no place to look for it. */
static char *path_of(const char *variable, const char *beside_home)
{
    const char *path = eidc_env(variable);
    const char *home = eidc_env("HOME");
    if (path != NULL && strncmp(path, "~/", 2) != 0)
        return eidc_xstrdup(path);
    if (home == NULL)
        return NULL;
    return eidc_xprintf("%s/%s", home, path != NULL ? path + 2 : beside_home);
}

static bool load_file(struct eidc_profiles *profiles, const char *path, bool credentials,
                      struct eidc_err *err)
{
    EIDC_BUF_SECRET text = {0};
    if (path == NULL)
        return true;
    if (!eidc_file_read(path, FILE_MAX, &text, err))
        return err->kind == EIDC_ERR_NOT_FOUND;
    return eidc_profiles_read(profiles, path, credentials, eidc_buf_view(&text), err);
}

struct files {
    char *config, *credentials;
};

static void files_free(struct files *files)
{
    free(files->config);
    free(files->credentials);
}

#define FILES_AUTO __attribute__((cleanup(files_free))) struct files

static struct files find_files(void)
{
    return (struct files){path_of("AWS_CONFIG_FILE", ".aws/config"),
                          path_of("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")};
}

void eidc_profiles_name_files(struct eidc_buf *out)
{
    FILES_AUTO files = find_files();
    eidc_buf_addf(out, "%s or %s", files.config ? files.config : "~/.aws/config",
                  files.credentials ? files.credentials : "~/.aws/credentials");
    if (!files.config || !files.credentials)
        eidc_buf_add_z(out, " (HOME is not set)");
}

bool eidc_profiles_load(struct eidc_profiles **out, struct eidc_err *err)
{
    FILES_AUTO files = find_files();
    struct eidc_profiles *profiles = eidc_xcalloc(1, sizeof(*profiles));
    if (!load_file(profiles, files.config, false, err) ||
        !load_file(profiles, files.credentials, true, err)) {
        eidc_profiles_free(profiles);
        return false;
    }
    *out = profiles;
    return true;
}

/* ---- asking ---- */

const char *eidc_profiles_choose(const char *wanted)
{
    const char *chosen = wanted != NULL ? wanted : eidc_env("AWS_PROFILE");
    return chosen != NULL ? chosen : "default";
}

bool eidc_profiles_has(const struct eidc_profiles *profiles, const char *profile)
{
    return eidc_profiles_find(profiles, profile) != NULL;
}

const char *eidc_profiles_get(const struct eidc_profiles *profiles, const char *profile,
                              const char *key)
{
    const struct eidc_profile_section *section = eidc_profiles_find(profiles, profile);
    const struct eidc_profile_setting *setting =
        section != NULL ? eidc_profile_setting(section, key) : NULL;
    return setting != NULL ? setting->value : NULL;
}
