#include "eidcached/http/token.h"

#include <errno.h>
#include <pthread.h>

#include "eidcached/base/digest.h"
#include "eidcached/base/file.h"
#include "eidcached/base/log.h"
#include "eidcached/base/mem.h"

#define TOKEN_FILE_MAX 4096

struct eidc_token {
    char *path;
    pthread_mutex_t lock;
    int64_t checked_at, replaced_at; /* monotonic */
    struct eidc_file_stamp seen;     /* zeroed: there is no file that could be read */
    struct eidc_buf current, previous;
};

static bool read_token(const char *path, struct eidc_buf *out, struct eidc_err *err)
{
    if (!eidc_file_read(path, TOKEN_FILE_MAX, out, err))
        return false;
    while (out->n > 0 && strchr(" \t\r\n", out->p[out->n - 1]) != NULL)
        out->p[--out->n] = '\0';
    if (out->n == 0)
        return eidc_fail(err, EIDC_ERR_INVALID, "%s: is empty", path);
    return true;
}

/* What was current is the previous one from now on; fresh may be empty. Takes its memory. */
static void replace(struct eidc_token *t, struct eidc_buf *fresh, int64_t now_ms)
{
    if (t->current.n > 0 && eidc_str_eq(eidc_buf_view(&t->current), eidc_buf_view(fresh))) {
        eidc_buf_wipe(fresh); /* the one before keeps its minute */
        return;
    }
    if (t->current.n > 0) {
        eidc_buf_wipe(&t->previous);
        t->previous = t->current;
        t->replaced_at = now_ms;
    }
    t->current = *fresh;
    *fresh = (struct eidc_buf){0};
}

static void reload(struct eidc_token *t, int64_t now_ms)
{
    struct eidc_buf fresh = {0};
    struct eidc_err err;
    if (!eidc_file_changed(t->path, &t->seen) && t->seen.st.st_ino != 0)
        return;
    bool had_one = t->checked_at == 0 || t->current.n > 0;
    if (read_token(t->path, &fresh, &err)) {
        if (t->checked_at != 0)
            eidc_info("http: %s was read again", t->path);
    } else {
        eidc_buf_wipe(&fresh);
        t->seen = (struct eidc_file_stamp){0};
        if (had_one)
            eidc_error("http: no token is accepted%s until this is mended: %s",
                       t->current.n > 0 ? " but the one before, for a minute," : "", err.text);
    }
    replace(t, &fresh, now_ms);
}

struct eidc_token *eidc_token_new(const char *path)
{
    struct eidc_token *t = eidc_xcalloc(1, sizeof(*t));
    t->path = eidc_xstrdup(path);
    pthread_mutex_init(&t->lock, NULL);
    if (t->path != NULL)
        reload(t, 0);
    return t;
}

void eidc_token_free(struct eidc_token *t)
{
    if (t == NULL)
        return;
    eidc_buf_wipe(&t->current);
    eidc_buf_wipe(&t->previous);
    pthread_mutex_destroy(&t->lock);
    free(t->path);
    free(t);
}

static enum eidc_token_state compare(const struct eidc_token *t, struct eidc_str given,
                                     int64_t now_ms)
{
    bool grace = t->previous.n > 0 && now_ms - t->replaced_at < EIDC_TOKEN_GRACE_MS;
    if (t->current.n == 0 && !grace)
        return EIDC_TOKEN_UNREADABLE;
    bool current = t->current.n > 0 && eidc_equal_secret(given, eidc_buf_view(&t->current));
    bool previous = grace && eidc_equal_secret(given, eidc_buf_view(&t->previous));
    return current || previous ? EIDC_TOKEN_RIGHT : EIDC_TOKEN_WRONG;
}

enum eidc_token_state eidc_token_check(struct eidc_token *t, struct eidc_str authorization,
                                       int64_t now_ms)
{
    struct eidc_str given;
    if (t->path == NULL)
        return EIDC_TOKEN_NOT_CONFIGURED;
    if (!eidc_access_bearer(authorization, &given))
        return EIDC_TOKEN_MISSING;
    pthread_mutex_lock(&t->lock);
    if (t->checked_at == 0 || now_ms - t->checked_at >= EIDC_TOKEN_CHECK_MS) {
        t->checked_at = now_ms;
        reload(t, now_ms);
    }
    enum eidc_token_state state = compare(t, given, now_ms);
    pthread_mutex_unlock(&t->lock);
    return state;
}
