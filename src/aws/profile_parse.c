/* Reading ~/.aws/config and ~/.aws/credentials: sections, settings, comments, lines that go on. */
#include "eidcached/base/mem.h"
#include "profile_data.h"

struct parser {
    struct eidc_profiles *profiles;
    const char *file;
    bool credentials; /* which of the two files */
    unsigned line;
    bool in_section;                      /* any, also one that is skipped */
    struct eidc_profile_section *section; /* NULL: skipped */
    char *key;                            /* the property that indented lines belong to */
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
static struct eidc_profile_section *enter_default(struct parser *parser, bool weak)
{
    struct eidc_profile_section *section = eidc_profiles_find(parser->profiles, "default");
    if (section != NULL && weak && !section->weak)
        return NULL;
    if (section != NULL && !weak && section->weak)
        eidc_profile_clear(section);
    section = eidc_profiles_need(parser->profiles, "default");
    section->weak = weak;
    return section;
}

static struct eidc_profile_section *enter(struct parser *parser, struct eidc_str title)
{
    struct eidc_str profile = named(title, EIDC_STR("profile"));
    struct eidc_str services = named(title, EIDC_STR("services"));
    bool plain_default = eidc_str_eq(title, EIDC_STR("default"));
    if (parser->credentials) {
        char *name EIDC_AUTO_FREE = eidc_xstrndup(title.p, title.n);
        return profile.n > 0 ? NULL : eidc_profiles_need(parser->profiles, name);
    }
    if (plain_default || eidc_str_eq(profile, EIDC_STR("default")))
        return enter_default(parser, plain_default);
    if (profile.n == 0 && services.n == 0)
        return NULL;
    char *name EIDC_AUTO_FREE = profile.n > 0
                                    ? eidc_xstrndup(profile.p, profile.n)
                                    : eidc_xprintf("services %.*s", EIDC_STR_ARG(services));
    return eidc_profiles_need(parser->profiles, name);
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
        eidc_profile_set(parser->section, parser->key, value);
    return true;
}

/* Under a key without a value: a nested setting. Else the value goes on. */
static bool parse_indented(struct parser *parser, struct eidc_str line, struct eidc_err *err)
{
    if (parser->key == NULL)
        return bad(parser, "an indented line without a setting above it", err);
    if (parser->section == NULL)
        return true;
    const struct eidc_profile_setting *above = eidc_profile_setting(parser->section, parser->key);
    if (above != NULL && above->value[0] != '\0') {
        char *longer = eidc_xprintf("%s\n%.*s", above->value, EIDC_STR_ARG(line));
        eidc_profile_set(parser->section, parser->key, eidc_str_of(longer));
        eidc_profile_wipe(longer);
        return true;
    }
    struct eidc_str key = {0};
    struct eidc_str value = {0};
    if (!split_property(parser, line, &key, &value, err))
        return false;
    char *nested EIDC_AUTO_FREE = eidc_xprintf("%s.%.*s", parser->key, EIDC_STR_ARG(key));
    eidc_profile_set(parser->section, nested, value);
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

bool eidc_profiles_read(struct eidc_profiles *profiles, const char *file, bool credentials,
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
