/*
 * One option's value: from text, to text, what is allowed. A table of types; numbers of all kinds
 * go through uint64_t.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "eidcached/base/mem.h"
#include "internal.h"

/* A number and its unit's name, largest first; a text may use any, printing takes the largest
 * that leaves no rest. */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};
static const struct unit size_units[] = {
    {"T", (uint64_t)1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0},
};
static const struct unit plain_units[] = {{"", 1}, {NULL, 0}};

static const char *const booleans[] = {"false", "true", NULL};

static bool parse_units(const char *text, const struct unit *units, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t number;
    if (!eidc_str_u64((struct eidc_str){text, digits}, UINT64_MAX, &number))
        return false;
    if (number == 0 && text[digits] == 0) {
        *out = 0; /* nothing is nothing in every unit */
        return true;
    }
    for (; units->name != NULL; units++)
        if (strcmp(text + digits, units->name) == 0)
            return !__builtin_mul_overflow(number, units->factor, out);
    return false;
}

static void print_units(uint64_t value, const struct unit *units, struct eidc_buf *out)
{
    if (value == 0)
        eidc_buf_add_z(out, units == duration_units ? "0s" : "0");
    for (; value != 0 && units->name != NULL; units++) {
        if (value % units->factor != 0)
            continue;
        eidc_buf_addf(out, "%" PRIu64 "%s", value / units->factor, units->name);
        return;
    }
}

static bool parse_duration(const struct eidc_option *option, const char *text, uint64_t *out)
{
    (void)option;
    return parse_units(text, duration_units, out);
}

static bool parse_size(const struct eidc_option *option, const char *text, uint64_t *out)
{
    (void)option;
    return parse_units(text, size_units, out);
}

static bool parse_plain(const struct eidc_option *option, const char *text, uint64_t *out)
{
    (void)option;
    return parse_units(text, plain_units, out);
}

/* "10%", "2.5%" */
static bool parse_ratio(const struct eidc_option *option, const char *text, uint64_t *out)
{
    (void)option;
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    uint64_t whole, tenths = 0;
    if (!eidc_str_u64((struct eidc_str){text, digits}, 1000000, &whole))
        return false;
    if (rest[0] == '.') {
        if (!eidc_str_u64((struct eidc_str){rest + 1, rest[1] != 0}, 9, &tenths))
            return false;
        rest += 2;
    }
    *out = whole * 10 + tenths;
    return strcmp(rest, "%") == 0;
}

static bool find_word(const char *const *words, const char *text, uint64_t *out)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(words[i], text) != 0)
            continue;
        *out = i;
        return true;
    }
    return false;
}

static bool parse_enum(const struct eidc_option *option, const char *text, uint64_t *out)
{
    return find_word(option->names, text, out);
}

static bool parse_bool(const struct eidc_option *option, const char *text, uint64_t *out)
{
    static const char *const yes_no[] = {"no", "yes", NULL}, *const on_off[] = {"off", "on", NULL};
    if (option->names != NULL)
        return parse_enum(option, text, out);
    return find_word(booleans, text, out) || find_word(yes_no, text, out) ||
           find_word(on_off, text, out);
}

static void print_duration(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    (void)option;
    print_units(value, duration_units, out);
}

static void print_size(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    (void)option;
    print_units(value, size_units, out);
}

static void print_plain(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    (void)option;
    print_units(value, plain_units, out);
}

static void print_ratio(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    (void)option;
    eidc_buf_addf(out, "%" PRIu64, value / 10);
    if (value % 10 != 0)
        eidc_buf_addf(out, ".%" PRIu64, value % 10);
    eidc_buf_add_byte(out, '%');
}

static void print_word(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    eidc_buf_add_z(out, (option->names != NULL ? option->names : booleans)[value]);
}

static bool parse_share(const struct eidc_option *option, const char *text, uint64_t *out)
{
    if (!parse_bool(option, text, out))
        return parse_ratio(option, text, out);
    *out *= 1000;
    return true;
}

static void print_share(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    if (value % 1000 == 0)
        eidc_buf_add_z(out, booleans[value / 1000]);
    else
        print_ratio(option, value, out);
}

enum store { AS_TEXT, AS_LIST, AS_MAP, AS_BOOL, AS_UNSIGNED, AS_64 };

static const struct {
    const char *name; /* for people */
    enum store store;
    bool words; /* the values are a few words, not a range */
    bool (*parse)(const struct eidc_option *option, const char *text, uint64_t *out);
    void (*print)(const struct eidc_option *option, uint64_t value, struct eidc_buf *out);
} types[] = {
    [EIDC_OPTION_STRING] = {"string", AS_TEXT, false, NULL, NULL},
    [EIDC_OPTION_PATH] = {"path", AS_TEXT, false, NULL, NULL},
    [EIDC_OPTION_BOOL] = {"boolean", AS_BOOL, true, parse_bool, print_word},
    [EIDC_OPTION_UINT] = {"number", AS_UNSIGNED, false, parse_plain, print_plain},
    [EIDC_OPTION_COUNT] = {"number", AS_64, false, parse_plain, print_plain},
    [EIDC_OPTION_DURATION] = {"duration", AS_64, false, parse_duration, print_duration},
    [EIDC_OPTION_SIZE] = {"size", AS_64, false, parse_size, print_size},
    [EIDC_OPTION_RATIO] = {"ratio", AS_UNSIGNED, false, parse_ratio, print_ratio},
    [EIDC_OPTION_SHARE] = {"share", AS_UNSIGNED, false, parse_share, print_share},
    [EIDC_OPTION_ENUM] = {"word", AS_UNSIGNED, true, parse_enum, print_word},
    [EIDC_OPTION_LIST] = {"list", AS_LIST, false, NULL, NULL},
    [EIDC_OPTION_MAP] = {"mapping", AS_MAP, false, NULL, NULL},
};

const char *eidc_option_type_name(const struct eidc_option *option)
{
    return option->names != NULL ? "word" : types[option->type].name;
}

void eidc_option_allowed(const struct eidc_option *option, struct eidc_buf *out)
{
    if (types[option->type].words) {
        const char *const *words = option->names != NULL ? option->names : booleans;
        for (size_t i = 0; words[i] != NULL; i++)
            eidc_buf_addf(out, "%s%s",
                          i == 0                 ? ""
                          : words[i + 1] == NULL ? " or "
                                                 : ", ",
                          words[i]);
    } else if (types[option->type].print != NULL) {
        types[option->type].print(option, option->min, out);
        eidc_buf_add_z(out, " to ");
        types[option->type].print(option, option->max, out);
    }
}

static void *member(const struct eidc_option *option, void *base)
{
    return (char *)base + option->offset;
}

static void free_strings(struct eidc_strings *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct eidc_strings){0};
}

/* A string of a pair, which is const to those who read the configuration. */
static void free_const(const char *text)
{
    union {
        const char *in;
        void *out;
    } u = {text};
    free(u.out);
}

static void free_pairs(struct eidc_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        free_const(pairs->at[i].key);
        free_const(pairs->at[i].value);
    }
    free(pairs->at);
    *pairs = (struct eidc_pairs){0};
}

void eidc_option_free(const struct eidc_option *option, void *base)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return;
    if (types[option->type].store == AS_LIST)
        free_strings(member(option, base));
    if (types[option->type].store == AS_MAP)
        free_pairs(member(option, base));
    if (types[option->type].store == AS_TEXT) {
        char **text = member(option, base);
        free(*text);
        *text = NULL;
    }
}

static void store_number(const struct eidc_option *option, void *base, uint64_t value)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return;
    if (types[option->type].store == AS_BOOL)
        *(bool *)member(option, base) = value != 0;
    else if (types[option->type].store == AS_UNSIGNED)
        *(unsigned *)member(option, base) = (unsigned)value;
    else
        *(uint64_t *)member(option, base) = value;
}

static uint64_t load_number(const struct eidc_option *option, const void *base)
{
    const void *at = (const char *)base + option->offset;
    if (types[option->type].store == AS_BOOL)
        return *(const bool *)at;
    if (types[option->type].store == AS_UNSIGNED)
        return *(const unsigned *)at;
    return *(const uint64_t *)at;
}

static bool is_later(const struct eidc_option *option, const char *text)
{
    const char *at = option->later != NULL ? strstr(option->later, text) : NULL;
    size_t n = strlen(text);
    return at != NULL && n > 0 && (at == option->later || at[-1] == ' ') &&
           (at[n] == 0 || at[n] == ' ');
}

/* "x" is not a duration such as 30s, 5m or 1h; allowed: 1s to 7d */
static bool fail_value(const struct eidc_option *option, const char *text, struct eidc_err *err)
{
    static const char *const forms[] = {
        [EIDC_OPTION_UINT] = "a whole number",
        [EIDC_OPTION_COUNT] = "a whole number",
        [EIDC_OPTION_DURATION] = "a duration such as 500ms, 30s, 5m, 1h or 7d",
        [EIDC_OPTION_SIZE] = "a size such as 64K, 8M or 2G",
        [EIDC_OPTION_RATIO] = "a ratio such as 10%",
        [EIDC_OPTION_SHARE] = "true, false or a share such as 10%",
    };
    EIDC_BUF_AUTO allowed = {0};
    eidc_option_allowed(option, &allowed);
    if (is_later(option, text))
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not in this version; allowed: %s", text,
                         eidc_buf_view(&allowed).p);
    if (!types[option->type].words)
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not %s; allowed: %s", text,
                         forms[option->type], eidc_buf_view(&allowed).p);
    const char *near = option->names != NULL ? eidc_nearest_name(text, option->names) : NULL;
    if (option->names != NULL && option->names[1] == NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not \"%s\"", text, option->names[0]);
    return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not %s%s%s%s", text,
                     eidc_buf_view(&allowed).p, near != NULL ? "; did you mean " : "",
                     near != NULL ? near : "", near != NULL ? "?" : "");
}

static unsigned *share_of(const struct eidc_option *option, void *base)
{
    void *at = (char *)base + option->share;
    return at;
}

static bool set_number(const struct eidc_option *option, void *base, const char *text,
                       struct eidc_err *err)
{
    uint64_t value;
    if (option->share != 0 && parse_ratio(option, text, &value) && value <= 1000) {
        store_number(option, base, 0);
        *share_of(option, base) = (unsigned)value;
        return true;
    }
    if (!types[option->type].parse(option, text, &value))
        return fail_value(option, text, err);
    if (!types[option->type].words && (value < option->min || value > option->max)) {
        EIDC_BUF_AUTO allowed = {0};
        eidc_option_allowed(option, &allowed);
        return eidc_fail(err, EIDC_ERR_INVALID, "%s is out of range; allowed: %s", text,
                         eidc_buf_view(&allowed).p);
    }
    store_number(option, base, value);
    if (option->share != 0)
        *share_of(option, base) = 0;
    return true;
}

static bool set_string(const struct eidc_option *option, void *base, const char *text,
                       struct eidc_err *err)
{
    bool may_be_empty = option->fallback != NULL && *option->fallback == 0;
    if (*text == 0 && !may_be_empty)
        return eidc_fail(err, EIDC_ERR_INVALID, "must not be empty; leave it out instead");
    eidc_option_free(option, base);
    *(char **)member(option, base) = eidc_xstrdup(text);
    return true;
}

static bool set_list(const struct eidc_option *option, void *base, const char *const *texts,
                     size_t n, struct eidc_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (*texts[i] == 0)
            return eidc_fail(err, EIDC_ERR_INVALID, "value %zu of the list is empty", i + 1);
    eidc_option_free(option, base);
    struct eidc_strings *list = member(option, base);
    list->at = eidc_xcalloc(n + 1, sizeof *list->at);
    for (size_t i = 0; i < n; i++)
        list->at[list->n++] = eidc_xstrdup(texts[i]);
    return true;
}

bool eidc_option_set(const struct eidc_option *option, void *base, const char *const *texts,
                     size_t n, struct eidc_err *err)
{
    if (types[option->type].store == AS_LIST)
        return set_list(option, base, texts, n, err);
    if (types[option->type].store == AS_MAP)
        return eidc_fail(err, EIDC_ERR_INVALID, "takes a mapping of keys to values");
    if (n != 1)
        return eidc_fail(err, EIDC_ERR_INVALID, "takes one value, not a list");
    if (types[option->type].store == AS_TEXT)
        return set_string(option, base, texts[0], err);
    return set_number(option, base, texts[0], err);
}

void eidc_option_add(const struct eidc_option *option, void *base, const char *key,
                     const char *value)
{
    struct eidc_pairs *pairs = member(option, base);
    pairs->at = eidc_xrealloc(pairs->at, pairs->n + 1, sizeof *pairs->at);
    pairs->at[pairs->n++] = (struct eidc_listing_given){eidc_xstrdup(key), eidc_xstrdup(value)};
}

/* Cuts text at its commas, in place, and trims blanks around each part. */
static size_t split(char *text, const char **parts)
{
    size_t n = 0;
    for (char *rest = text; rest != NULL && *text != 0;) {
        char *part = strsep(&rest, ",");
        part += strspn(part, " \t");
        size_t length = strlen(part);
        while (length > 0 && (part[length - 1] == ' ' || part[length - 1] == '\t'))
            part[--length] = 0;
        parts[n++] = part;
    }
    return n;
}

bool eidc_option_set_text(const struct eidc_option *option, void *base, const char *text,
                          struct eidc_err *err)
{
    if (types[option->type].store != AS_LIST)
        return eidc_option_set(option, base, &text, 1, err);
    char *copy EIDC_AUTO_FREE = eidc_xstrdup(text);
    const char **parts EIDC_AUTO_FREE = eidc_xcalloc(strlen(text) + 1, sizeof *parts);
    return eidc_option_set(option, base, parts, split(copy, parts), err);
}

bool eidc_option_is_set(const struct eidc_option *option, const void *base)
{
    if (option->offset == EIDC_OPTION_NOWHERE)
        return false;
    const void *at = (const char *)base + option->offset;
    if (types[option->type].store == AS_LIST)
        return ((const struct eidc_strings *)at)->n > 0;
    if (types[option->type].store == AS_MAP)
        return ((const struct eidc_pairs *)at)->n > 0;
    if (types[option->type].store == AS_TEXT)
        return *(const char *const *)at != NULL;
    return load_number(option, base) != 0;
}

static void print_list(const struct eidc_strings *list, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '[');
    for (size_t i = 0; i < list->n; i++) {
        eidc_buf_add_z(out, i > 0 ? ", " : "");
        eidc_yaml_scalar(out, list->at[i]);
    }
    eidc_buf_add_byte(out, ']');
}

static void print_map(const struct eidc_pairs *pairs, struct eidc_buf *out)
{
    eidc_buf_add_byte(out, '{');
    for (size_t i = 0; i < pairs->n; i++) {
        eidc_buf_add_z(out, i > 0 ? ", " : "");
        eidc_yaml_scalar(out, pairs->at[i].key);
        eidc_buf_add_z(out, ": ");
        eidc_yaml_scalar(out, pairs->at[i].value);
    }
    eidc_buf_add_byte(out, '}');
}

bool eidc_option_print(const struct eidc_option *option, const void *base, struct eidc_buf *out)
{
    if (option->offset == EIDC_OPTION_NOWHERE) {
        eidc_buf_add_z(out, option->fallback);
        return true;
    }
    const void *at = (const char *)base + option->offset;
    if (types[option->type].store == AS_TEXT) {
        const char *text = *(const char *const *)at;
        if (text != NULL)
            eidc_yaml_scalar(out, text);
        return text != NULL;
    }
    if (types[option->type].store == AS_LIST)
        print_list(at, out);
    else if (types[option->type].store == AS_MAP)
        print_map(at, out);
    else
        types[option->type].print(option, load_number(option, base), out);
    return true;
}
