/* The client's loop knows no pipes and no children: a timer looks after them. */
#include "eidcached/aws/creds_process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eidcached/aws/creds_document.h"
#include "eidcached/aws/secrets.h"
#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"

#define NAME        "process"
#define LIMIT_MS    60000
#define LOOK_MS     20
#define OUTPUT_MAX  ((size_t)8 * 1024)
#define PIPE_MAX    ((size_t)64 * 1024) /* bytes read at a look: what a pipe holds */
#define WORDS_MAX   64
#define COMPLAINT_N 200 /* bytes of stderr that are told */
#define KEY_MIN     16  /* bytes of the shortest access key, and longer than a word of a message */

struct process {
    struct eidc_creds_provider base;
    struct eidc_http_client *http;
    char *command;
    /* Of the get that is going on. */
    pid_t pid; /* 0: none */
    int out_fd, err_fd;
    struct eidc_buf out, complaint;
    int64_t until_ms;
    eidc_creds_done *done;
    void *arg;
};

static struct process *process_of(struct eidc_creds_provider *self)
{
    return (struct process *)(void *)self;
}

/* ---- the command ---- */

/* Splits in place. False: a quote that does not end, or too many words. */
static bool split(char *text, char *words[static WORDS_MAX + 1])
{
    size_t n = 0;
    char quote = '\0';
    for (char *from = text, *to = text;;) {
        while (*from == ' ' || *from == '\t' || *from == '\n')
            from++;
        if (*from == '\0')
            break;
        if (n == WORDS_MAX)
            return false;
        words[n++] = to;
        for (; *from != '\0' && (quote != '\0' || strchr(" \t\n", *from) == NULL); from++) {
            if (quote == '\0' && (*from == '"' || *from == '\''))
                quote = *from;
            else if (quote != '\0' && *from == quote)
                quote = '\0';
            else if (*from == '\\' && quote != '\'' && from[1] != '\0')
                *to++ = *++from;
            else
                *to++ = *from;
        }
        bool last = *from == '\0';
        *to++ = '\0'; /* at or before from */
        if (last)
            break;
        from++;
    }
    words[n] = NULL;
    return quote == '\0' && n > 0;
}

/* ---- the child ---- */

static void close_pipes(struct process *p)
{
    eidc_fd_close(&p->out_fd);
    eidc_fd_close(&p->err_fd);
    p->out_fd = p->err_fd = -1;
}

/* With all that it has started. */
static void kill_child(struct process *p)
{
    int status;
    if (p->pid == 0)
        return;
    kill(-p->pid, SIGKILL);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    p->pid = 0;
}

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
}

static int spawn(struct process *p, char *const words[], int out_fd, int err_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    set_attributes(&attributes);
    int error = posix_spawnp(&p->pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool start(struct process *p, struct eidc_err *err)
{
    char *text EIDC_AUTO_FREE = eidc_xstrdup(p->command);
    char *words[WORDS_MAX + 1];
    int out[2], complaint[2];
    if (!split(text, words))
        return eidc_fail(err, EIDC_ERR_INVALID,
                         "credential_process: empty, too long, or a quote does not end");
    if (pipe2(out, O_CLOEXEC) != 0)
        return eidc_fail_errno(err, "credential_process: pipe");
    if (pipe2(complaint, O_CLOEXEC) != 0) {
        eidc_fail_errno(err, "credential_process: pipe");
        close(out[0]);
        close(out[1]);
        return false;
    }
    int error = spawn(p, words, out[1], complaint[1]);
    close(out[1]);
    close(complaint[1]);
    p->out_fd = out[0];
    p->err_fd = complaint[0];
    if (error == 0)
        return true;
    p->pid = 0;
    close_pipes(p);
    errno = error;
    eidc_fail_errno(err, "credential_process: %s", words[0]);
    err->kind = EIDC_ERR_INVALID; /* it is configured */
    return false;
}

/* ---- what it prints ---- */

/* Reads what is there, PIPE_MAX at most: a child may write faster than it is read. False: more
 * than is allowed; only cut, if that is said. */
static bool drain(int *fd, struct eidc_buf *to, bool cut)
{
    char some[4096];
    ssize_t n = 0;
    bool fits = true;
    for (size_t taken = 0; *fd >= 0 && fits && taken < PIPE_MAX; taken += (size_t)n) {
        if ((n = read(*fd, some, sizeof(some))) <= 0)
            break;
        size_t room = to->limit - to->n;
        fits = cut || (size_t)n <= room;
        eidc_buf_add(to, some, (size_t)n < room ? (size_t)n : room);
    }
    OPENSSL_cleanse(some, sizeof(some));
    if (*fd >= 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
        eidc_fd_close(fd);
        *fd = -1;
    }
    return fits;
}

static size_t key_length(struct eidc_str text)
{
    size_t n = 0;
    while (n < text.n && (isalnum((unsigned char)text.p[n]) || memchr("+/_-", text.p[n], 4)))
        n++;
    return n;
}

/* What is no document may hold keys all the same: whatever looks like one is not told when it
 * stands in the other output, too. */
static void conceal_keys(struct eidc_str text, struct eidc_str other, struct eidc_buf *out)
{
    for (size_t at = 0; at < text.n;) {
        struct eidc_str rest = {text.p + at, text.n - at};
        size_t n = key_length(rest);
        if (n >= KEY_MIN && memmem(other.p, other.n, rest.p, n) != NULL)
            eidc_buf_add_z(out, "[redacted]");
        else
            eidc_buf_add(out, rest.p, n > 0 ? n : 1);
        at += n > 0 ? n : 1;
    }
}

/* Keeps what it printed of itself from being told. */
static void conceal(const struct process *p, struct eidc_str text, struct eidc_buf *out)
{
    struct eidc_creds creds = {0};
    struct eidc_secrets secrets = {0};
    struct eidc_err ignored;
    EIDC_BUF_SECRET known = {0};
    if (eidc_creds_document_parse_process(eidc_buf_view(&p->out), NAME, &creds, &ignored)) {
        eidc_secrets_add(&secrets, creds.session_token);
        eidc_secrets_add(&secrets, creds.secret_key);
        eidc_secrets_add(&secrets, creds.access_key);
    }
    eidc_secrets_redact(&secrets, text, &known);
    conceal_keys(eidc_buf_view(&known), eidc_buf_view(&p->out), out);
    eidc_secrets_wipe(&secrets);
    eidc_creds_wipe(&creds);
}

/* Appends the first line of what it complained about. */
static void add_complaint(const struct process *p, struct eidc_err *err)
{
    EIDC_BUF_AUTO text = {0};
    conceal(p, eidc_str_trim(eidc_buf_view(&p->complaint)), &text);
    struct eidc_str line = eidc_buf_view(&text);
    const char *end = memchr(line.p, '\n', line.n);
    if (end != NULL)
        line.n = (size_t)(end - line.p);
    if (line.n > COMPLAINT_N)
        line.n = COMPLAINT_N;
    if (line.n > 0)
        eidc_fail(err, err->kind, "%s: %.*s", err->text, EIDC_STR_ARG(line));
}

static bool judge(const struct process *p, int status, struct eidc_creds *creds,
                  struct eidc_err *err)
{
    bool ok = false;
    if (WIFSIGNALED(status))
        eidc_fail(err, EIDC_ERR_UNAVAILABLE, "credential_process: ended by signal %d",
                  WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        eidc_fail(err, EIDC_ERR_UNAVAILABLE, "credential_process: exit status %d",
                  WEXITSTATUS(status));
    else
        ok = eidc_creds_document_parse_process(eidc_buf_view(&p->out), NAME, creds, err) ||
             eidc_wrap(err, "credential_process");
    if (ok && creds->expires_at_ms != 0 && creds->expires_at_ms <= eidc_now_ms()) {
        eidc_creds_wipe(creds);
        ok = eidc_fail(err, EIDC_ERR_DENIED, "credential_process: what it gave has expired");
    }
    if (!ok)
        add_complaint(p, err);
    else
        creds->strict = true; /* what to do when it fails is the program's business */
    return ok;
}

/* ---- all of it ---- */

static void end(struct process *p, bool ok, struct eidc_creds *creds, const struct eidc_err *err)
{
    eidc_creds_done *done = p->done;
    kill_child(p);
    close_pipes(p);
    eidc_buf_wipe(&p->out);
    eidc_buf_wipe(&p->complaint);
    p->done = NULL;
    eidc_creds_tell(ok, creds, err, done, p->arg);
}

/* True: it is over, and *ok, *creds and *err say how. */
static bool look(struct process *p, bool *ok, struct eidc_creds *creds, struct eidc_err *err)
{
    int status;
    *ok = false;
    bool fits = drain(&p->out_fd, &p->out, false);
    drain(&p->err_fd, &p->complaint, true);
    if (!fits)
        return !eidc_fail(err, EIDC_ERR_LIMIT, "credential_process: it prints more than %zu bytes",
                          OUTPUT_MAX);
    if (waitpid(p->pid, &status, WNOHANG) == p->pid) {
        kill(-p->pid, SIGKILL); /* what it left behind */
        p->pid = 0;
        drain(&p->out_fd, &p->out, true);
        drain(&p->err_fd, &p->complaint, true);
        *ok = judge(p, status, creds, err);
        return true;
    }
    if (eidc_mono_ms() < p->until_ms)
        return false;
    eidc_fail(err, EIDC_ERR_TIMEOUT, "credential_process: not done after %d s", LIMIT_MS / 1000);
    add_complaint(p, err);
    return true;
}

static void on_timer(void *arg)
{
    struct process *p = arg;
    struct eidc_creds creds = {0};
    struct eidc_err err;
    bool ok;
    if (look(p, &ok, &creds, &err))
        end(p, ok, &creds, &err);
    else
        p->http->ops->after(p->http, LOOK_MS, on_timer, p);
}

static void process_get(struct eidc_creds_provider *self, eidc_creds_done *done, void *arg)
{
    struct process *p = process_of(self);
    struct eidc_err err;
    if (!start(p, &err)) {
        done(arg, NULL, &err);
        return;
    }
    fcntl(p->out_fd, F_SETFL, O_NONBLOCK);
    fcntl(p->err_fd, F_SETFL, O_NONBLOCK);
    p->out.limit = OUTPUT_MAX;
    p->complaint.limit = OUTPUT_MAX;
    eidc_buf_reserve(&p->out, OUTPUT_MAX); /* it is not to leave parts of itself behind */
    p->until_ms = eidc_mono_ms() + LIMIT_MS;
    p->done = done;
    p->arg = arg;
    p->http->ops->after(p->http, LOOK_MS, on_timer, p);
}

/* The client's cancel has dropped the timer. */
static void process_cancel(struct eidc_creds_provider *self)
{
    struct process *p = process_of(self);
    struct eidc_creds none = {0};
    struct eidc_err err;
    if (p->done == NULL)
        return;
    eidc_fail(&err, EIDC_ERR_CANCELLED, "cancelled");
    end(p, false, &none, &err);
}

static void process_destroy(struct eidc_creds_provider *self)
{
    struct process *p = process_of(self);
    kill_child(p);
    close_pipes(p);
    free(p->command);
    free(p);
}

static const struct eidc_creds_provider_ops process_ops = {process_get, process_cancel,
                                                           process_destroy};

struct eidc_creds_provider *eidc_creds_process_new(struct eidc_http_client *http,
                                                   const char *command)
{
    struct process *p = eidc_xcalloc(1, sizeof(*p));
    p->base = (struct eidc_creds_provider){.ops = &process_ops, .name = NAME};
    p->http = http;
    p->command = eidc_xstrdup(command);
    p->out_fd = p->err_fd = -1;
    return &p->base;
}
