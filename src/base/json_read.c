#include "eidcached/base/json_read.h"

#include <stdlib.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/json_strings.h"

#define DEPTH_MAX 64
/* cJSON makes 80 bytes of a value and 32 of a short text: `[1,1,...]` becomes forty times as much.
 * Of so many bytes a value at least, it stays below twenty times. The densest pages there are
 * (columns of wide tables) have nine. */
#define VALUE_BYTES 6
#define VALUES_FREE 65536              /* whatever their size: some 7 MB */
#define FEW_MEMBERS 16                 /* compared pairwise; more are sorted */
#define EXACT_BELOW 9007199254740992.0 /* 2^53 */
#define WHITE_SPACE " \t\n\r"
#define PUNCTUATION ",:"
#define LETTERS     "truefalsn" /* the letters of true, false and null */

/* What cJSON does not check is checked before it sees the text; the grammar is left to it. */
struct lint {
    struct eidc_str text;
    size_t at;
    unsigned depth;
    size_t values; /* at least as many as there are */
    struct eidc_buf scratch;
};

static size_t skip_digits(struct eidc_str text, size_t at)
{
    while (at < text.n && text.p[at] >= '0' && text.p[at] <= '9')
        at++;
    return at;
}

/* Moves *at behind at least one digit. */
static bool need_digits(struct eidc_str text, size_t *at)
{
    size_t begin = *at;
    *at = skip_digits(text, begin);
    return *at > begin;
}

static bool has_byte(struct eidc_str text, size_t at, const char *of)
{
    return at < text.n && text.p[at] != '\0' && strchr(of, text.p[at]) != NULL;
}

static const char *lint_number(struct lint *lint)
{
    static const char bad[] = "bad number";
    struct eidc_str text = lint->text;
    size_t at = lint->at + has_byte(text, lint->at, "-");
    bool zero = has_byte(text, at, "0");
    size_t begin = at;
    if (!need_digits(text, &at) || (zero && at > begin + 1))
        return bad;
    if (has_byte(text, at, ".") && (at++, !need_digits(text, &at)))
        return bad;
    if (has_byte(text, at, "eE")) {
        at++;
        at += has_byte(text, at, "+-");
        if (!need_digits(text, &at))
            return bad;
    }
    lint->at = at;
    return NULL;
}

static const char *lint_bracket(struct lint *lint, bool open)
{
    if (open && lint->depth == DEPTH_MAX)
        return "nested too deep";
    if (!open && lint->depth == 0)
        return "unexpected bracket";
    lint->depth = open ? lint->depth + 1 : lint->depth - 1;
    lint->values += open;
    lint->at++;
    return NULL;
}

static const char *lint_token(struct lint *lint)
{
    char c = lint->text.p[lint->at];
    struct eidc_str ignored;
    if (c == '"')
        return eidc_json_string_read(lint->text, &lint->at, &lint->scratch, &ignored);
    if (c == '-' || (c >= '0' && c <= '9'))
        return lint_number(lint);
    if (has_byte(lint->text, lint->at, "[]{}"))
        return lint_bracket(lint, c == '[' || c == '{');
    if (!has_byte(lint->text, lint->at, WHITE_SPACE PUNCTUATION LETTERS))
        return "unexpected character";
    lint->values += c == ',';
    lint->at++;
    return NULL;
}

static bool fail_at(struct eidc_err *err, const char *problem, size_t at)
{
    return eidc_fail(err, EIDC_ERR_INVALID, "JSON: %s at byte %zu", problem, at);
}

static bool check_text(struct eidc_str text, struct eidc_err *err)
{
    struct lint lint = {.text = text};
    const char *problem = NULL;
    while (problem == NULL && lint.at < text.n)
        problem = lint_token(&lint);
    eidc_buf_free(&lint.scratch);
    if (problem == NULL && lint.values > VALUES_FREE && lint.values > text.n / VALUE_BYTES)
        return eidc_fail(err, EIDC_ERR_INVALID, "JSON: too many values (%zu) for %zu bytes",
                         lint.values, text.n);
    return problem == NULL || fail_at(err, problem, lint.at);
}

static int compare_keys(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    return strcmp((*left)->string, (*right)->string);
}

static const cJSON *find_duplicate_of_few(const cJSON *object)
{
    for (const cJSON *a = object->child; a != NULL; a = a->next)
        for (const cJSON *b = a->next; b != NULL; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return b;
    return NULL;
}

static bool find_duplicate_of_many(const cJSON *object, size_t count, const cJSON **duplicate)
{
    const cJSON **members = malloc(count * sizeof(const cJSON *));
    if (members == NULL)
        return false;
    size_t n = 0;
    for (const cJSON *member = object->child; member != NULL; member = member->next)
        members[n++] = member;
    qsort(members, n, sizeof(const cJSON *), compare_keys);
    for (size_t i = 1; i < n && *duplicate == NULL; i++)
        if (compare_keys(&members[i - 1], &members[i]) == 0)
            *duplicate = members[i];
    free(members);
    return true;
}

static bool check_keys(const cJSON *object, struct eidc_err *err)
{
    size_t count = 0;
    for (const cJSON *member = object->child; member != NULL; member = member->next)
        count++;
    const cJSON *duplicate = NULL;
    if (count <= FEW_MEMBERS)
        duplicate = find_duplicate_of_few(object);
    else if (!find_duplicate_of_many(object, count, &duplicate))
        return eidc_fail(err, EIDC_ERR_NOMEM, "JSON: out of memory");
    if (duplicate != NULL)
        return eidc_fail(err, EIDC_ERR_INVALID, "JSON: duplicate key \"%.64s\"", duplicate->string);
    return true;
}

/* Recursion goes as deep as the text does: DEPTH_MAX at most. */
static bool check_tree(const cJSON *value, struct eidc_err *err)
{
    if (cJSON_IsObject(value) && !check_keys(value, err))
        return false;
    for (const cJSON *child = value->child; child != NULL; child = child->next)
        if (child->child != NULL && !check_tree(child, err))
            return false;
    return true;
}

bool eidc_json_parse(struct eidc_str text, cJSON **out, struct eidc_err *err)
{
    if (text.n == 0)
        return fail_at(err, "empty", 0);
    if (!check_text(text, err))
        return false;
    const char *end = NULL;
    EIDC_CJSON_AUTO *value = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
    size_t at = end != NULL ? (size_t)(end - text.p) : 0;
    if (value == NULL)
        return fail_at(err, "syntax error", at);
    while (at < text.n && has_byte(text, at, WHITE_SPACE))
        at++;
    if (at < text.n)
        return fail_at(err, "something behind the value", at);
    if (!check_tree(value, err))
        return false;
    *out = value;
    value = NULL;
    return true;
}

bool eidc_json_get_str(const cJSON *object, const char *key, struct eidc_str *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsString(member))
        return false;
    *out = eidc_str_of(member->valuestring);
    return true;
}

bool eidc_json_get_u64(const cJSON *object, const char *key, uint64_t *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(member))
        return false;
    double value = member->valuedouble;
    if (!(value >= 0 && value < EXACT_BELOW) || (double)(uint64_t)value < value)
        return false;
    *out = (uint64_t)value;
    return true;
}

bool eidc_json_get_time(const cJSON *object, const char *key, int64_t *unix_ms)
{
    struct eidc_str text;
    return eidc_json_get_str(object, key, &text) && eidc_time_parse(text, unix_ms);
}
