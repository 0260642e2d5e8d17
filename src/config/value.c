/* Numbers and words as people write them: a table of types, each from text and to text. */
#include "value.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "eidcached/base/units.h"
#include "eidcached/base/words.h"
#include "eidcached/config/nearest.h"

static const struct eidc_unit size_units[] = {
    {"T", (uint64_t)1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}, {NULL, 0},
};
static const struct eidc_unit plain_units[] = {{"", 1}, {NULL, 0}};

static const char *const booleans[] = {"false", "true", NULL};

/* Takes the largest unit that leaves no rest. */
static void print_units(uint64_t value, const struct eidc_unit *units, struct eidc_buf *out)
{
    if (value == 0)
        eidc_buf_add_z(out, units == eidc_duration_units ? "0s" : "0");
    for (; value != 0 && units->name != NULL; units++) {
        if (value % units->factor != 0)
            continue;
        eidc_buf_addf(out, "%" PRIu64 "%s", value / units->factor, units->name);
        return;
    }
}

bool eidc_value_ratio(const char *text, uint64_t *out)
{
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

static bool parse_ratio(const struct eidc_option *option, const char *text, uint64_t *out)
{
    (void)option;
    return eidc_value_ratio(text, out);
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

static const struct type {
    const char *name; /* for people */
    const char *form; /* in the error's words; NULL: what is allowed says it */
    const struct eidc_unit *units;
    /* without units; NULL: not a number */
    bool (*parse)(const struct eidc_option *option, const char *text, uint64_t *out);
    void (*print)(const struct eidc_option *option, uint64_t value, struct eidc_buf *out);
} types[] = {
    [EIDC_OPTION_STRING] = {"string", NULL, NULL, NULL, NULL},
    [EIDC_OPTION_PATH] = {"path", NULL, NULL, NULL, NULL},
    [EIDC_OPTION_BOOL] = {"boolean", NULL, NULL, parse_bool, print_word},
    [EIDC_OPTION_UINT] = {"number", "a whole number", plain_units, NULL, NULL},
    [EIDC_OPTION_COUNT] = {"number", "a whole number", plain_units, NULL, NULL},
    [EIDC_OPTION_DURATION] = {"duration", "a duration such as 500ms, 30s, 5m, 1h or 7d",
                              eidc_duration_units, NULL, NULL},
    [EIDC_OPTION_SIZE] = {"size", "a size such as 64K, 8M or 2G", size_units, NULL, NULL},
    [EIDC_OPTION_RATIO] = {"ratio", "a ratio such as 10%", NULL, parse_ratio, print_ratio},
    [EIDC_OPTION_SHARE] = {"share", "true, false or a share such as 10%", NULL, parse_share,
                           print_share},
    [EIDC_OPTION_ENUM] = {"word", NULL, NULL, parse_enum, print_word},
    [EIDC_OPTION_LIST] = {"list", NULL, NULL, NULL, NULL},
    [EIDC_OPTION_MAP] = {"mapping", NULL, NULL, NULL, NULL},
};

/* The values are a few words, not a range. */
static bool is_word(const struct eidc_option *option)
{
    return types[option->type].print == print_word;
}

static bool is_number(const struct eidc_option *option)
{
    const struct type *type = &types[option->type];
    return type->units != NULL || type->parse != NULL;
}

void eidc_value_print(const struct eidc_option *option, uint64_t value, struct eidc_buf *out)
{
    const struct type *type = &types[option->type];
    if (type->units != NULL)
        print_units(value, type->units, out);
    else
        type->print(option, value, out);
}

const char *eidc_option_type_name(const struct eidc_option *option)
{
    return option->names != NULL ? "word" : types[option->type].name;
}

void eidc_option_allowed(const struct eidc_option *option, struct eidc_buf *out)
{
    if (is_word(option)) {
        const char *const *words = option->names != NULL ? option->names : booleans;
        for (size_t i = 0; words[i] != NULL; i++)
            eidc_buf_addf(out, "%s%s",
                          i == 0                 ? ""
                          : words[i + 1] == NULL ? " or "
                                                 : ", ",
                          words[i]);
    } else if (is_number(option)) {
        eidc_value_print(option, option->min, out);
        eidc_buf_add_z(out, " to ");
        eidc_value_print(option, option->max, out);
    }
}

/* "x" is not a duration such as 30s, 5m or 1h; allowed: 1s to 7d */
static bool fail_value(const struct eidc_option *option, const char *text, struct eidc_err *err)
{
    EIDC_BUF_AUTO allowed = {0};
    eidc_option_allowed(option, &allowed);
    if (eidc_words_have(option->later, eidc_str_of(text)))
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not in this version; allowed: %s", text,
                         eidc_buf_view(&allowed).p);
    if (!is_word(option))
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not %s; allowed: %s", text,
                         types[option->type].form, eidc_buf_view(&allowed).p);
    const char *near = option->names != NULL ? eidc_nearest_name(text, option->names) : NULL;
    if (option->names != NULL && option->names[1] == NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not \"%s\"", text, option->names[0]);
    return eidc_fail(err, EIDC_ERR_INVALID, "\"%s\" is not %s%s%s%s", text,
                     eidc_buf_view(&allowed).p, near != NULL ? "; did you mean " : "",
                     near != NULL ? near : "", near != NULL ? "?" : "");
}

static bool read_value(const struct eidc_option *option, const char *text, uint64_t *out)
{
    const struct type *type = &types[option->type];
    return type->units != NULL ? eidc_units_parse(eidc_str_of(text), type->units, 0, out)
                               : type->parse(option, text, out);
}

bool eidc_value_parse(const struct eidc_option *option, const char *text, uint64_t *out,
                      struct eidc_err *err)
{
    uint64_t value;
    if (!read_value(option, text, &value))
        return fail_value(option, text, err);
    if (!is_word(option) && (value < option->min || value > option->max)) {
        EIDC_BUF_AUTO allowed = {0};
        eidc_option_allowed(option, &allowed);
        return eidc_fail(err, EIDC_ERR_INVALID, "%s is out of range; allowed: %s", text,
                         eidc_buf_view(&allowed).p);
    }
    *out = value;
    return true;
}
