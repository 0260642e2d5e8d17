#include "eidcached/aws/profile.h"

#include <openssl/crypto.h>
#include <strings.h>

#include "eidcached/aws/env.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"

#define FILE_MAX (1024 * 1024)

struct setting {
    char *key, *value;
};

struct section {
    char *name;
    bool weak; /* [default] of the config file: gives way to [profile default] */
    struct setting *settings;
    size_t n;
};

struct eidc_profiles {
    struct section *sections;
    size_t n;
};

/* ---- the data ---- */

static struct section *find_section(const struct eidc_profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->n; i++)
        if (strcmp(profiles->sections[i].name, name) == 0)
            return &profiles->sections[i];
    return NULL;
}

static struct section *need_section(struct eidc_profiles *profiles, const char *name)
{
    struct section *section = find_section(profiles, name);
    if (section != NULL)
        return section;
    profiles->sections =
        eidc_xrealloc(profiles->sections, profiles->n + 1, sizeof(*profiles->sections));
    section = &profiles->sections[profiles->n++];
    *section = (struct section){.name = eidc_xstrdup(name)};
    return section;
}

static struct setting *find_setting(const struct section *section, const char *key)
{
    for (size_t i = 0; i < section->n; i++)
        if (strcasecmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

static void wipe(char *value)
{
    OPENSSL_cleanse(value, strlen(value));
    free(value);
}

static struct setting *set(struct section *section, const char *key, struct eidc_str value)
{
    struct setting *setting = find_setting(section, key);
    if (setting != NULL) {
        wipe(setting->value);
    } else {
        section->settings =
            eidc_xrealloc(section->settings, section->n + 1, sizeof(*section->settings));
        setting = &section->settings[section->n++];
        setting->key = eidc_xstrdup(key);
    }
    setting->value = eidc_xstrndup(value.n == 0 ? "" : value.p, value.n);
    return setting;
}

static void clear_section(struct section *section)
{
    for (size_t i = 0; i < section->n; i++) {
        free(section->settings[i].key);
        wipe(section->settings[i].value);
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
        clear_section(&profiles->sections[i]);
        free(profiles->sections[i].name);
    }
    free(profiles->sections);
    free(profiles);
}

/* ---- parsing ---- */

struct parser {
    struct eidc_profiles *profiles;
    const char *file;
    bool credentials; /* which of the two files */
    unsigned line;
    bool in_section;         /* any, also one that is skipped */
    struct section *section; /* NULL: skipped */
    char *key;               /* the property that indented lines belong to */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool bad(const struct parser *parser, const char *what, struct eidc_err *err)
{
    return eidc_fail(err, EIDC_ERR_INVALID, "%s:%u: %s", parser->file, parser->line, what);
}

static bool is_comment(struct eidc_str s)
{
    return s.n > 0 && (s.p[0] == '#' || s.p[0] == ';');
}

/* A '#' or ';' after a blank starts a comment. */
static struct eidc_str without_comment(struct eidc_str value)
{
    for (size_t i = 1; i < value.n; i++)
        if ((value.p[i] == '#' || value.p[i] == ';') && is_blank(value.p[i - 1]))
            return eidc_str_trim((struct eidc_str){value.p, i});
    return is_comment(value) ? (struct eidc_str){value.p, 0} : value;
}

static struct eidc_str unquoted(struct eidc_str s)
{
    if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
        return (struct eidc_str){s.p + 1, s.n - 2};
    return s;
}

/* "profile x" with kind "profile" gives x; anything else is empty. */
static struct eidc_str named(struct eidc_str title, struct eidc_str kind)
{
    if (!eidc_str_starts(title, kind) || title.n == kind.n || !is_blank(title.p[kind.n]))
        return (struct eidc_str){"", 0};
    return unquoted(eidc_str_trim((struct eidc_str){title.p + kind.n, title.n - kind.n}));
}

/* [default] and [profile default] are one profile, of which the second form wins whole. */
static struct section *enter_default(struct parser *parser, bool weak)
{
    struct section *section = find_section(parser->profiles, "default");
    if (section != NULL && weak && !section->weak)
        return NULL;
    if (section != NULL && !weak && section->weak)
        clear_section(section);
    section = need_section(parser->profiles, "default");
    section->weak = weak;
    return section;
}

static struct section *enter(struct parser *parser, struct eidc_str title)
{
    struct eidc_str profile = named(title, EIDC_STR("profile"));
    struct eidc_str services = named(title, EIDC_STR("services"));
    bool plain_default = eidc_str_eq(title, EIDC_STR("default"));
    if (parser->credentials) {
        char *name EIDC_AUTO_FREE = eidc_xstrndup(title.p, title.n);
        return profile.n > 0 ? NULL : need_section(parser->profiles, name);
    }
    if (plain_default || eidc_str_eq(profile, EIDC_STR("default")))
        return enter_default(parser, plain_default);
    if (profile.n == 0 && services.n == 0)
        return NULL;
    char *name EIDC_AUTO_FREE = profile.n > 0
                                    ? eidc_xstrndup(profile.p, profile.n)
                                    : eidc_xprintf("services %.*s", EIDC_STR_ARG(services));
    return need_section(parser->profiles, name);
}

static bool parse_section(struct parser *parser, struct eidc_str line, struct eidc_err *err)
{
    const char *close = memchr(line.p, ']', line.n);
    if (close == NULL)
        return bad(parser, "a section needs a closing bracket", err);
    size_t end = (size_t)(close - line.p);
    struct eidc_str rest = eidc_str_trim((struct eidc_str){close + 1, line.n - end - 1});
    struct eidc_str title = eidc_str_trim((struct eidc_str){line.p + 1, end - 1});
    if (title.n == 0)
        return bad(parser, "a section needs a name", err);
    if (rest.n > 0 && !is_comment(rest))
        return bad(parser, "text after the closing bracket", err);
    parser->in_section = true;
    parser->section = enter(parser, title);
    return true;
}

static bool split_property(const struct parser *parser, struct eidc_str line, struct eidc_str *key,
                           struct eidc_str *value, struct eidc_err *err)
{
    const char *equals = memchr(line.p, '=', line.n);
    if (equals == NULL)
        return bad(parser, "expected key = value", err);
    size_t n = (size_t)(equals - line.p);
    *key = eidc_str_trim((struct eidc_str){line.p, n});
    *value = without_comment(eidc_str_trim((struct eidc_str){equals + 1, line.n - n - 1}));
    return key->n > 0 || bad(parser, "a setting needs a key", err);
}

static bool parse_property(struct parser *parser, struct eidc_str line, struct eidc_err *err)
{
    struct eidc_str key = {0};
    struct eidc_str value = {0};
    if (!parser->in_section)
        return bad(parser, "a setting outside of any section", err);
    if (!split_property(parser, line, &key, &value, err))
        return false;
    free(parser->key);
    parser->key = eidc_xstrndup(key.p, key.n);
    if (parser->section != NULL)
        set(parser->section, parser->key, value);
    return true;
}

/* Under a key without a value: a nested setting. Else the value goes on. */
static bool parse_indented(struct parser *parser, struct eidc_str line, struct eidc_err *err)
{
    if (parser->key == NULL)
        return bad(parser, "an indented line without a setting above it", err);
    if (parser->section == NULL)
        return true;
    const struct setting *above = find_setting(parser->section, parser->key);
    if (above != NULL && above->value[0] != '\0') {
        char *longer = eidc_xprintf("%s\n%.*s", above->value, EIDC_STR_ARG(line));
        set(parser->section, parser->key, eidc_str_of(longer));
        wipe(longer);
        return true;
    }
    struct eidc_str key = {0};
    struct eidc_str value = {0};
    if (!split_property(parser, line, &key, &value, err))
        return false;
    char *nested EIDC_AUTO_FREE = eidc_xprintf("%s.%.*s", parser->key, EIDC_STR_ARG(key));
    set(parser->section, nested, value);
    return true;
}

static bool parse_line(struct parser *parser, struct eidc_str line, struct eidc_err *err)
{
    struct eidc_str text = eidc_str_trim(line);
    if (text.n == 0 || is_comment(text))
        return true;
    if (is_blank(line.p[0]))
        return parse_indented(parser, text, err);
    if (text.p[0] != '[')
        return parse_property(parser, text, err);
    free(parser->key);
    parser->key = NULL;
    return parse_section(parser, text, err);
}

static bool parse_file(struct eidc_profiles *profiles, const char *file, bool credentials,
                       struct eidc_str text, struct eidc_err *err)
{
    struct parser parser = {.profiles = profiles, .file = file, .credentials = credentials};
    bool ok = true;
    for (size_t at = 0; ok && at < text.n;) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;
        parser.line++;
        ok = parse_line(&parser, (struct eidc_str){text.p + at, n}, err);
        at += n + 1;
    }
    free(parser.key);
    return ok;
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
    return parse_file(profiles, path, credentials, eidc_buf_view(&text), err);
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

bool eidc_profiles_parse(struct eidc_str config, struct eidc_str credentials,
                         struct eidc_profiles **out, struct eidc_err *err)
{
    struct eidc_profiles *profiles = eidc_xcalloc(1, sizeof(*profiles));
    if (!parse_file(profiles, "config", false, config, err) ||
        !parse_file(profiles, "credentials", true, credentials, err)) {
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
    return find_section(profiles, profile) != NULL;
}

const char *eidc_profiles_get(const struct eidc_profiles *profiles, const char *profile,
                              const char *key)
{
    const struct section *section = find_section(profiles, profile);
    const struct setting *setting = section != NULL ? find_setting(section, key) : NULL;
    return setting != NULL ? setting->value : NULL;
}
