/* What is wrong with a configuration: collected in the order of finding, told in the file's. */
#include <stdlib.h>

#include "eidcached/base/mem.h"
#include "internal.h"

struct eidc_config_problem {
    unsigned line, column;
    unsigned order; /* of finding */
    char *text;
};

#define TOLD_MAX                                                                                   \
    1000 /* nobody reads more; a file that is no configuration has a hundred thousand */

bool eidc_config_problems_full(const struct eidc_config_load *load)
{
    return load->problems->count >= TOLD_MAX;
}

/* Takes text. */
static void add(struct eidc_config_load *load, const struct eidc_config_place *at, char *text)
{
    unsigned n = load->problems->count++;
    if (n >= TOLD_MAX) {
        free(text);
        return;
    }
    load->found = eidc_xrealloc(load->found, n + 1, sizeof *load->found);
    load->found[n] = (struct eidc_config_problem){
        .line = at != NULL ? at->line : 0,
        .column = at != NULL ? at->column : 0,
        .order = n,
        .text = text,
    };
}

/* The variable that set path, unless path is the variable's name itself. */
static void add_variable(struct eidc_buf *out, const char *path)
{
    const struct eidc_option *option = eidc_option_find(path);
    if (option == NULL)
        return;
    eidc_option_env(option->path, out);
    eidc_buf_add_z(out, ": ");
}

void eidc_config_problem(struct eidc_config_load *load, const struct eidc_config_place *at,
                         const char *path, const char *fmt, ...)
{
    EIDC_BUF_AUTO out = {0};
    if (at != NULL && at->environment)
        add_variable(&out, path);
    else if (load->config->path != NULL && at != NULL && at->line > 0)
        eidc_buf_addf(&out, "%s:%u:%u: ", load->config->path, at->line, at->column);
    else if (load->config->path != NULL)
        eidc_buf_addf(&out, "%s: ", load->config->path);
    if (*path != 0)
        eidc_buf_addf(&out, "%s: ", path);
    va_list ap;
    va_start(ap, fmt);
    eidc_buf_addv(&out, fmt, ap);
    va_end(ap);
    add(load, at, eidc_xstrdup(eidc_buf_view(&out).p));
}

void eidc_config_file_problem(struct eidc_config_load *load, const struct eidc_err *err)
{
    const char *advice = err->kind == EIDC_ERR_NOT_FOUND
                             ? "; name one with --config, or write one with: eidcached "
                               "--print-sample-config > FILE"
                             : "";
    add(load, NULL, eidc_xprintf("%s%s", err->text, advice)); /* it names the file */
}

void eidc_config_unknown(struct eidc_config_load *load, const struct eidc_config_place *at,
                         const char *path, const char *word, const char *const *candidates)
{
    const char *near = eidc_config_problems_full(load) ? "" : eidc_nearest_name(word, candidates);
    if (near != NULL) {
        eidc_config_problem(load, at, path, "unknown option; did you mean %s?", near);
        return;
    }
    EIDC_BUF_AUTO all = {0};
    for (size_t i = 0; candidates[i] != NULL; i++)
        eidc_buf_addf(&all, "%s%s", i > 0 ? ", " : "", candidates[i]);
    eidc_config_problem(load, at, path, "unknown option; known are %s", eidc_buf_view(&all).p);
}

/* By place; what has none (the environment, the file as a whole) comes last. */
static int by_place(const void *left, const void *right)
{
    const struct eidc_config_problem *a = left, *b = right;
    if (a->line != b->line)
        return a->line - 1 < b->line - 1 ? -1 : 1; /* 0 wraps to the greatest */
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

void eidc_config_problems_finish(struct eidc_config_load *load)
{
    const unsigned count = load->problems->count;
    const unsigned n = count < TOLD_MAX ? count : TOLD_MAX;
    if (n > 0)
        qsort(load->found, n, sizeof *load->found, by_place);
    for (unsigned i = 0; i < n; i++) {
        eidc_buf_addf(&load->problems->text, "%s\n", load->found[i].text);
        free(load->found[i].text);
    }
    if (count > n)
        eidc_buf_addf(&load->problems->text, "... and %u more\n", count - n);
    free(load->found);
    load->found = NULL;
}

void eidc_config_problems_free(struct eidc_config_problems *problems)
{
    eidc_buf_free(&problems->text);
    problems->count = 0;
}
