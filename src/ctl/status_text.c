#include "eidcached/ctl/status_text.h"

#include "eidcached/base/json_read.h"
#include "eidcached/base/utf8.h"
#include "eidcached/core/held.h"
#include "eidcached/core/progress.h"

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool add_member(struct eidc_buf *out, const cJSON *object, const char *key)
{
    struct eidc_str text;
    if (!eidc_json_get_str(object, key, &text))
        return false;
    eidc_utf8_add_visible(text, out);
    return true;
}

/* The number stands where # is, the s of a plural where ~ is. */
static void add_number(struct eidc_buf *out, const cJSON *object, const char *key,
                       const char *format)
{
    uint64_t n;
    if (!eidc_json_get_u64(object, key, &n))
        return;
    const char *at = strchr(format, '#');
    const char *s = strchr(at, '~'); /* of the plural */
    const char *end = s != NULL ? s : at + strlen(at);
    eidc_buf_addf(out, "%.*s%llu%.*s%s%s", (int)(at - format), format, (unsigned long long)n,
                  (int)(end - at - 1), at + 1, s != NULL && n != 1 ? "s" : "",
                  s != NULL ? s + 1 : "");
}

/* "45 s", "12 min", "3 h 20 min", "2 d 4 h" */
static void add_duration(struct eidc_buf *out, int64_t seconds)
{
    long long s = seconds < 0 ? 0 : seconds;
    if (s < 60)
        eidc_buf_addf(out, "%lld s", s);
    else if (s < 3600)
        eidc_buf_addf(out, "%lld min", s / 60);
    else if (s < 86400)
        eidc_buf_addf(out, "%lld h %lld min", s / 3600, s % 3600 / 60);
    else
        eidc_buf_addf(out, "%lld d %lld h", s / 86400, s % 86400 / 3600);
}

static void add_ago(struct eidc_buf *out, const cJSON *object, const char *key, int64_t now_ms,
                    const char *before, const char *never)
{
    int64_t at;
    if (!eidc_json_get_time(object, key, &at)) {
        eidc_buf_add_z(out, never);
        return;
    }
    eidc_buf_add_z(out, before);
    add_duration(out, (now_ms - at) / 1000);
    eidc_buf_add_z(out, " ago");
}

static void add_bytes(struct eidc_buf *out, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes;
    size_t unit = 0;
    for (; n >= 1024 && unit < 4; unit++)
        n /= 1024;
    eidc_buf_addf(out, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

static void label(struct eidc_buf *out, const char *name)
{
    eidc_buf_addf(out, "%-12s", name);
}

static void service(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    int64_t started;
    label(out, "service");
    if (!add_member(out, status, "service"))
        eidc_buf_add_z(out, "eidcached");
    eidc_buf_add_byte(out, ' ');
    add_member(out, status, "version");
    if (eidc_json_get_time(status, "started_at", &started)) {
        eidc_buf_add_z(out, ", up ");
        add_duration(out, (now_ms - started) / 1000);
    }
    eidc_buf_add_byte(out, '\n');
}

static void generation(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    const cJSON *g = member(status, "generation");
    uint64_t number, bytes;
    label(out, "generation");
    if (!eidc_json_get_u64(g, "number", &number)) {
        eidc_buf_add_z(out, "none yet\n");
        return;
    }
    eidc_buf_addf(out, "%llu (", (unsigned long long)number);
    add_member(out, g, "id");
    eidc_buf_add_z(out, ")");
    add_number(out, g, "names", ", # name~");
    if (eidc_json_get_u64(g, "bytes", &bytes)) {
        eidc_buf_add_z(out, ", ");
        add_bytes(out, bytes);
    }
    if (cJSON_IsTrue(member(g, "partial")))
        eidc_buf_add_z(out, ", partial");
    eidc_buf_add_byte(out, '\n');
    label(out, "age");
    add_ago(out, g, "verified_at", now_ms, "everything true ", "never verified");
    add_ago(out, g, "refreshed_at", now_ms, ", refreshed ", ", not refreshed yet");
    add_ago(out, g, "created_at", now_ms, ", changed ", "");
    eidc_buf_add_byte(out, '\n');
}

static void refresh(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    const cJSON *r = member(status, "refresh");
    const cJSON *took = member(r, "last_duration_seconds");
    struct eidc_progress progress;
    struct eidc_str state;
    int64_t next;
    label(out, "refresh");
    if (eidc_json_get_str(r, "state", &state) && eidc_str_eq(state, EIDC_STR("backing_off")))
        eidc_buf_add_z(out, "backing off");
    else
        add_member(out, r, "state");
    if (cJSON_IsString(member(r, "last_result"))) {
        eidc_buf_add_z(out, ", last ");
        add_member(out, r, "last_result");
        if (cJSON_IsNumber(took))
            eidc_buf_addf(out, " in %.1f s", took->valuedouble);
    }
    if (eidc_json_get_time(r, "next_at", &next)) {
        eidc_buf_add_z(out, ", next in ");
        add_duration(out, (next - now_ms) / 1000);
    }
    eidc_buf_add_byte(out, '\n');
    if (eidc_progress_read(member(r, "progress"), &progress)) {
        label(out, "");
        eidc_progress_print(&progress, out);
        eidc_buf_add_byte(out, '\n');
    }
    if (cJSON_IsString(member(r, "last_error"))) {
        label(out, "");
        add_member(out, r, "last_error");
        eidc_buf_add_byte(out, '\n');
    }
}

void eidc_ctl_agreement_text(const cJSON *held, struct eidc_buf *out)
{
    uint64_t agreed, confirmations;
    if (!eidc_json_get_u64(held, "agreed", &agreed) ||
        !eidc_json_get_u64(held, "confirmations", &confirmations))
        return;
    eidc_buf_add_z(out, " (");
    eidc_held_print(agreed, confirmations, out);
    eidc_buf_add_byte(out, ')');
}

static void guard(const cJSON *status, struct eidc_buf *out)
{
    const cJSON *g = member(status, "guard");
    label(out, "guard");
    if (!cJSON_IsTrue(member(g, "held"))) {
        eidc_buf_add_z(out, "not held\n");
        return;
    }
    eidc_buf_add_z(out, "HELD");
    add_number(out, g, "removals", ", # name~ would vanish");
    eidc_ctl_agreement_text(g, out);
    eidc_buf_add_z(out, "; `eidctl refresh --accept-shrink` lets them go\n");
}

static void error_of(const cJSON *object, struct eidc_buf *out)
{
    if (!cJSON_IsString(member(object, "error")))
        return;
    eidc_buf_add_z(out, ": ");
    add_member(out, object, "error");
}

static void sources(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    const cJSON *each;
    const char *name = "sources";
    cJSON_ArrayForEach(each, member(status, "sources"))
    {
        label(out, name);
        name = "";
        add_member(out, each, "name");
        eidc_buf_add_z(out, " (");
        add_member(out, each, "type");
        eidc_buf_add_z(out, ")");
        add_number(out, each, "names", ", # name~");
        add_number(out, each, "scopes", ", # scope~");
        add_number(out, each, "failed_scopes", ", # failed");
        add_ago(out, each, "verified_at", now_ms, ", verified ", ", never verified");
        error_of(each, out);
        eidc_buf_add_byte(out, '\n');
    }
}

/* One with an error lacks what is served, whenever it was saved last. */
static void store(const cJSON *s, int64_t now_ms, struct eidc_buf *out)
{
    add_member(out, s, "url");
    if (cJSON_IsString(member(s, "error"))) {
        eidc_buf_add_z(out, ", NOT SAVED");
        error_of(s, out);
        add_ago(out, s, "last_saved_at", now_ms, "; last saved ", "");
    } else {
        add_ago(out, s, "last_saved_at", now_ms, ", saved ", ", not saved yet");
    }
    eidc_buf_add_byte(out, '\n');
}

static void stores(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    const cJSON *each;
    const char *name = "stores";
    cJSON_ArrayForEach(each, member(status, "stores"))
    {
        label(out, name);
        name = "";
        store(each, now_ms, out);
    }
}

static void lookups(const cJSON *status, struct eidc_buf *out)
{
    const cJSON *l = member(status, "lookups");
    if (!cJSON_IsObject(l))
        return;
    label(out, "look-ups");
    add_number(out, l, "forward", "# forward");
    add_number(out, l, "reverse", ", # reverse");
    add_number(out, l, "misses", ", # missed");
    eidc_buf_add_byte(out, '\n');
}

void eidc_ctl_status_text(const cJSON *status, int64_t now_ms, struct eidc_buf *out)
{
    service(status, now_ms, out);
    generation(status, now_ms, out);
    refresh(status, now_ms, out);
    guard(status, out);
    sources(status, now_ms, out);
    stores(status, now_ms, out);
    lookups(status, out);
}
