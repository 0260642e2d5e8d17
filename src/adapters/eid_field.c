#include "eidcached/adapters/eid_field.h"

#define EID_MAX   255
#define EXACT_MAX 9007199254740992.0 /* 2^53: integers above are not exact in cJSON */
#define KEY_MAX   256
#define INDEX_MAX 1000000

bool eidc_eid_field_check(const char *pointer, struct eidc_err *err)
{
    if (pointer[0] != '/')
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: a JSON pointer starts with '/'", pointer);
    for (const char *p = strchr(pointer, '~'); p; p = strchr(p + 1, '~')) {
        if (p[1] != '0' && p[1] != '1')
            return eidc_fail(err, EIDC_ERR_INVALID, "%s: '~' must be ~0 or ~1", pointer);
    }
    return true;
}

/* "a~1b" is the key "a/b", "~0" is "~". False when it does not fit. */
static bool unescape(struct eidc_str token, char key[static KEY_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        if (n == KEY_MAX - 1)
            return false;
        char c = token.p[i];
        if (c == '~' && i + 1 < token.n)
            c = token.p[++i] == '1' ? '/' : '~';
        key[n++] = c;
    }
    key[n] = 0;
    return true;
}

/* An index has no leading zero and no sign. */
static const cJSON *array_item(const cJSON *array, struct eidc_str token)
{
    uint64_t index;
    if ((token.n > 1 && token.p[0] == '0') || !eidc_str_u64(token, INDEX_MAX, &index))
        return NULL;
    return cJSON_GetArrayItem(array, (int)index);
}

static const cJSON *child(const cJSON *value, struct eidc_str token)
{
    char key[KEY_MAX];
    if (cJSON_IsArray(value))
        return array_item(value, token);
    if (!cJSON_IsObject(value) || !unescape(token, key))
        return NULL;
    return cJSON_GetObjectItemCaseSensitive(value, key);
}

static const cJSON *resolve(const char *pointer, const cJSON *value)
{
    while (value && *pointer == '/') {
        size_t n = strcspn(++pointer, "/");
        value = child(value, (struct eidc_str){pointer, n});
        pointer += n;
    }
    return value;
}

static const char *take_number(double value, struct eidc_buf *out)
{
    bool exact = value >= -EXACT_MAX && value <= EXACT_MAX && (double)(int64_t)value == value;
    if (!exact)
        return "is a number that is no exact integer";
    eidc_buf_addf(out, "%.0f", value);
    return NULL;
}

const char *eidc_eid_field(const char *pointer, const cJSON *element, struct eidc_buf *out)
{
    const cJSON *value = resolve(pointer, element);
    eidc_buf_clear(out);
    if (!value || cJSON_IsNull(value))
        return "is missing";
    if (cJSON_IsNumber(value))
        return take_number(value->valuedouble, out);
    if (!cJSON_IsString(value))
        return "is neither a string nor an integer";
    struct eidc_str text = eidc_str_of(value->valuestring);
    if (text.n == 0)
        return "is empty";
    if (text.n > EID_MAX)
        return "is longer than 255 bytes";
    eidc_buf_add_str(out, text);
    return NULL;
}
