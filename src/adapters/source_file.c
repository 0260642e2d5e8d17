#include "eidcached/adapters/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"
#include "eidcached/base/name.h"

#define SCOPE     EIDC_STR("file")
#define BLOCK     ((size_t)64 * 1024)
#define NOTES_MAX 10 /* lines told of one by one; then only how many more */

/* So much of a line without an end is kept: still too long for a name when its byte-order mark and
 * its CR are gone. */
#define LONG_LINE (EIDC_NAME_MAX + 8)

struct source_file {
    struct eidc_source base;
    char *name, *path;
    struct eidc_filter filter; /* patterns are the configuration's */
    uint64_t max_names;
};

struct reading {
    const struct source_file *source;
    const struct eidc_source_sink *sink;
    int fd;
    struct eidc_names names;
    uint64_t line, bad_lines, good_lines; /* good: they are names, wanted ones or not */
};

static void note(const struct reading *r, const char *text)
{
    r->sink->note(r->sink->arg, &r->source->base, text);
}

static void tell_bad_line(struct reading *r, const char *problem)
{
    if (r->bad_lines++ >= NOTES_MAX)
        return;
    char *text EIDC_AUTO_FREE =
        eidc_xprintf("%s: line %" PRIu64 " %s and is left out", r->source->path, r->line, problem);
    note(r, text);
}

static void tell_how_many_more(const struct reading *r)
{
    if (r->bad_lines <= NOTES_MAX)
        return;
    char *text EIDC_AUTO_FREE = eidc_xprintf("%s: %" PRIu64 " more lines are left out",
                                             r->source->path, r->bad_lines - NOTES_MAX);
    note(r, text);
}

/* One line, without its LF. */
static bool take_line(struct reading *r, struct eidc_str line, struct eidc_err *err)
{
    line = eidc_name_of_line(line, ++r->line == 1);
    if (line.n == 0)
        return true;
    const char *problem = eidc_name_problem(line);
    if (problem != NULL) {
        tell_bad_line(r, problem);
        return true;
    }
    r->good_lines++;
    if (!eidc_filter_passes(&r->source->filter, line))
        return true;
    if (r->names.count == r->source->max_names)
        return eidc_fail(err, EIDC_ERR_LIMIT, "more than refresh.max_names (%" PRIu64 ") names",
                         r->source->max_names);
    return eidc_names_add(&r->names, line, (struct eidc_str){0}, err);
}

/* All whole lines; *used is where the rest begins. */
static bool take_lines(struct reading *r, struct eidc_str block, size_t *used, struct eidc_err *err)
{
    const char *end;
    *used = 0;
    while ((end = memchr(block.p + *used, '\n', block.n - *used)) != NULL) {
        struct eidc_str line = {block.p + *used, (size_t)(end - block.p) - *used};
        if (!take_line(r, line, err))
            return false;
        *used += line.n + 1;
    }
    return true;
}

static bool read_lines(struct reading *r, struct eidc_err *err)
{
    char *block EIDC_AUTO_FREE = eidc_xcalloc(1, BLOCK);
    size_t held = 0, used;
    for (;;) {
        ssize_t got = read(r->fd, block + held, BLOCK - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eidc_fail_errno(err, "cannot read it");
        if (got == 0)
            return held == 0 || take_line(r, (struct eidc_str){block, held}, err);
        held += (size_t)got;
        if (!take_lines(r, (struct eidc_str){block, held}, &used, err))
            return false;
        held -= used;
        memmove(block, block + used, held);
        if (held == BLOCK)
            held = LONG_LINE;
    }
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A file written in place while it is read would be a half-listed scope. */
static bool read_unchanged(struct reading *r, struct eidc_err *err)
{
    struct stat before, after;
    if (fstat(r->fd, &before) != 0)
        return eidc_fail_errno(err, "cannot look at it");
    if (!S_ISREG(before.st_mode))
        return eidc_fail(err, EIDC_ERR_INVALID, "not a regular file");
    if (!read_lines(r, err))
        return false;
    if (fstat(r->fd, &after) != 0 || !is_same(&before, &after))
        return eidc_fail(err, EIDC_ERR_UNAVAILABLE, "it changed while it was read");
    return true;
}

/* A text in another encoding, or no text at all, is not a list that has become empty. */
static bool has_names(const struct reading *r, struct eidc_err *err)
{
    return r->good_lines > 0 || r->bad_lines == 0 ||
           eidc_fail(err, EIDC_ERR_INVALID, "no line of it is a name; is it UTF-8 text?");
}

static void tell_none_wanted(const struct reading *r)
{
    if (r->good_lines == 0 || r->names.count > 0)
        return;
    char *text EIDC_AUTO_FREE =
        eidc_xprintf("%s: none of its %" PRIu64 " names passes include and exclude",
                     r->source->path, r->good_lines);
    note(r, text);
}

static bool list_file(struct reading *r, struct eidc_err *err)
{
    /* a pipe must not hang us */
    EIDC_FD_AUTO fd = open(r->source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        eidc_fail_errno(err, "cannot open %s", r->source->path);
        err->kind = EIDC_ERR_IO; /* a missing file is a failure, not a scope that is gone */
        return false;
    }
    r->fd = fd;
    return (read_unchanged(r, err) && has_names(r, err)) || eidc_wrap(err, "%s", r->source->path);
}

static void begin(struct eidc_source *self, const struct eidc_source_sink *sink)
{
    struct reading r = {.source = (const struct source_file *)self, .sink = sink};
    struct eidc_err err = {0};
    bool listed = list_file(&r, &err);
    tell_how_many_more(&r);
    if (listed)
        tell_none_wanted(&r);
    sink->scope(sink->arg, self, SCOPE, listed ? EIDC_SCOPE_LISTED : EIDC_SCOPE_FAILED,
                listed ? &r.names : NULL, listed ? NULL : &err);
    eidc_names_free(&r.names);
    sink->done(sink->arg, self);
}

/* begin() is over before anything could be cancelled. */
static void cancel(struct eidc_source *self)
{
    (void)self;
}

static void destroy(struct eidc_source *self)
{
    struct source_file *source = (struct source_file *)self;
    free(source->name);
    free(source->path);
    free(source);
}

bool eidc_source_file_new(const char *name, const char *path, const struct eidc_filter *filter,
                          uint64_t max_names, struct eidc_source **out, struct eidc_err *err)
{
    static const struct eidc_source_ops ops = {
        .begin = begin, .cancel = cancel, .destroy = destroy};
    if (path == NULL || *path == '\0')
        return eidc_fail(err, EIDC_ERR_INVALID, "source %s: path is missing", name);
    struct source_file *source = eidc_xcalloc(1, sizeof(*source));
    source->name = eidc_xstrdup(name);
    source->path = eidc_xstrdup(path);
    source->filter = filter != NULL ? *filter : (struct eidc_filter){0};
    source->max_names = max_names > 0 ? max_names : UINT64_MAX;
    source->base = (struct eidc_source){.ops = &ops, .name = source->name, .type = "file"};
    *out = &source->base;
    return true;
}
