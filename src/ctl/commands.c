#include "eidcached/ctl/commands.h"

#include "eidcached/base/words.h"
#include "eidcached/config/nearest.h"

#define WORDS_MAX 64 /* candidates */
#define COLUMNS   96

/* First words of commands of two. */
static const char *const groups[] = {"image", "aws"};

/* NULL: the first word is none. */
static const char *group_of(const struct eidc_ctl *ctl)
{
    for (size_t i = 0; ctl->arg_count > 0 && i < sizeof groups / sizeof groups[0]; i++) {
        if (strcmp(ctl->args[0], groups[i]) == 0)
            return groups[i];
    }
    return NULL;
}

/* The second word of a command of this group, or NULL. */
static const char *word_in(const struct eidc_ctl_command *c, const char *group)
{
    size_t n = strlen(group);
    return strncmp(c->name, group, n) == 0 && c->name[n] == ' ' ? c->name + n + 1 : NULL;
}

/* group NULL: of all. */
static void print_summaries(const char *group, FILE *out)
{
    for (size_t i = 0; i < eidc_ctl_command_count; i++) {
        char left[64];
        if (group != NULL && word_in(&eidc_ctl_commands[i], group) == NULL)
            continue;
        snprintf(left, sizeof left, "%s %s", eidc_ctl_commands[i].name, eidc_ctl_commands[i].args);
        fprintf(out, "  %-30s %s\n", left, eidc_ctl_commands[i].summary);
    }
}

static void print_help(FILE *out)
{
    fputs("eidctl: asks an eidcached daemon, or an image file, for names and EIDs\n\n"
          "Usage: eidctl [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n",
          out);
    print_summaries(NULL, out);
    fputs("\nOptions (`eidctl help COMMAND` shows all of a command's):\n", out);
    eidc_ctl_options_help(EIDC_CTL_LOOKUP | EIDC_CTL_ALWAYS | EIDC_CTL_BIT(EIDC_CTL_MANUAL), out);
    fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 something was not found\n\n"
          "Examples:\n"
          "  eidctl forward sales_prod.orders\n"
          "  eidctl reverse e04eb29020eaa961e99d3162635e9fe9\n"
          "  eidctl status\n",
          out);
}

static void print_group_help(const char *group, FILE *out)
{
    fprintf(out, "Usage: eidctl %s COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n", group);
    print_summaries(group, out);
    fprintf(out, "\n`eidctl help %s COMMAND` says more.\n", group);
}

static void print_paragraph(const char *text, FILE *out)
{
    struct eidc_str word;
    size_t column = 0;
    while (eidc_words_next(&text, &word)) {
        bool breaks = column == 0 || column + 1 + word.n > COLUMNS;
        fprintf(out, "%s%.*s", breaks ? "\n" : " ", EIDC_STR_ARG(word));
        column = word.n + (breaks ? 0 : column + 1);
    }
    fputc('\n', out);
}

static void print_command_help(const struct eidc_ctl_command *c, FILE *out)
{
    fprintf(out, "Usage: eidctl %s [OPTION...]%s%s\n\n%s\n", c->name, c->args[0] != '\0' ? " " : "",
            c->args, c->summary);
    if (c->details != NULL)
        print_paragraph(c->details, out);
    fputs("\nOptions:\n", out);
    eidc_ctl_options_help(c->options | EIDC_CTL_ALWAYS, out);
    fprintf(out, "\nExamples:\n%s", c->more);
}

/* How many of the words are the command's name; 0: they are not. */
static size_t words_of(const struct eidc_ctl_command *c, char *const *args, size_t n)
{
    char two[64];
    if (n > 0 && strcmp(args[0], c->name) == 0)
        return 1;
    if (n > 1 && snprintf(two, sizeof two, "%s %s", args[0], args[1]) < (int)sizeof two &&
        strcmp(two, c->name) == 0)
        return 2;
    return 0;
}

static const struct eidc_ctl_command *find_command(struct eidc_ctl *ctl)
{
    for (size_t i = 0; i < eidc_ctl_command_count; i++) {
        size_t words = words_of(&eidc_ctl_commands[i], ctl->args, ctl->arg_count);
        if (words > 0) {
            ctl->args += words;
            ctl->arg_count -= words;
            return &eidc_ctl_commands[i];
        }
    }
    return NULL;
}

static const char *nearest_in(const char *group, const char *word)
{
    const char *words[WORDS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < eidc_ctl_command_count && n < WORDS_MAX; i++) {
        words[n] =
            group != NULL ? word_in(&eidc_ctl_commands[i], group) : eidc_ctl_commands[i].name;
        n += words[n] != NULL;
    }
    words[n] = NULL;
    return eidc_nearest_name(word, words);
}

static void complain_of_group(const struct eidc_ctl *ctl, const char *group)
{
    EIDC_BUF_AUTO words = {0};
    for (size_t i = 0; i < eidc_ctl_command_count; i++) {
        const char *word = word_in(&eidc_ctl_commands[i], group);
        if (word != NULL)
            eidc_buf_addf(&words, "%s%s", words.n > 0 ? ", " : "", word);
    }
    const char *word = ctl->arg_count > 1 ? ctl->args[1] : NULL;
    const char *meant = word != NULL ? nearest_in(group, word) : NULL;
    if (meant != NULL)
        eidc_ctl_complain(ctl, "unknown command '%s %s'; did you mean %s %s?", group, word, group,
                          meant);
    else if (word != NULL)
        eidc_ctl_complain(ctl, "unknown command '%s %s'; it is one of %s; see eidctl %s --help",
                          group, word, words.p, group);
    else
        eidc_ctl_complain(ctl, "%s: needs one of %s; see eidctl %s --help", group, words.p, group);
}

static void complain_of_word(const struct eidc_ctl *ctl, const char *word)
{
    const char *meant = nearest_in(NULL, word);
    if (meant != NULL)
        eidc_ctl_complain(ctl, "unknown command '%s'; did you mean %s?", word, meant);
    else
        eidc_ctl_complain(ctl, "unknown command '%s'; see eidctl --help", word);
}

static int unknown_command(const struct eidc_ctl *ctl)
{
    const char *group = group_of(ctl);
    if (ctl->arg_count == 0)
        eidc_ctl_complain(ctl, "no command given; see eidctl --help");
    else if (group != NULL)
        complain_of_group(ctl, group);
    else
        complain_of_word(ctl, ctl->args[0]);
    return EIDC_CTL_USAGE;
}

/* Commands with words of their own for an option take that option. */
static unsigned taken_by(const struct eidc_ctl_command *c)
{
    return c->options | EIDC_CTL_ALWAYS |
           (c->options & EIDC_CTL_BIT(EIDC_CTL_EXPORT) ? EIDC_CTL_BIT(EIDC_CTL_FORMAT) : 0) |
           (c->options & EIDC_CTL_BIT(EIDC_CTL_STARTS) ? EIDC_CTL_BIT(EIDC_CTL_PREFIX) : 0) |
           (c->options & EIDC_CTL_BIT(EIDC_CTL_PATIENCE) ? EIDC_CTL_BIT(EIDC_CTL_WAIT) : 0);
}

static int check_usage(const struct eidc_ctl *ctl, const struct eidc_ctl_command *c)
{
    unsigned foreign = ctl->options.given & ~taken_by(c);
    bool exports = c->options & EIDC_CTL_BIT(EIDC_CTL_EXPORT);
    if ((ctl->options.given & EIDC_CTL_BIT(EIDC_CTL_FORMAT)) &&
        ctl->options.format_of_export != exports) {
        eidc_ctl_complain(ctl, "%s: --format is %s; see eidctl %s --help", c->name,
                          exports ? "eidcache or tsv" : "text or json", c->name);
        return EIDC_CTL_USAGE;
    }
    for (int i = 0; i < EIDC_CTL_OPTION_COUNT; i++) {
        if (foreign & EIDC_CTL_BIT(i)) {
            eidc_ctl_complain(ctl, "%s: takes no --%s; see eidctl %s --help", c->name,
                              eidc_ctl_option_name((enum eidc_ctl_option)i), c->name);
            return EIDC_CTL_USAGE;
        }
    }
    if (ctl->arg_count >= c->min_args && ctl->arg_count <= c->max_args)
        return EIDC_CTL_OK;
    if (c->args[0] == '\0')
        eidc_ctl_complain(ctl, "%s: takes no arguments; see eidctl %s --help", c->name, c->name);
    else
        eidc_ctl_complain(ctl, "%s: %s arguments, it takes %s; see eidctl %s --help", c->name,
                          ctl->arg_count < c->min_args ? "too few" : "too many", c->args, c->name);
    return EIDC_CTL_USAGE;
}

/* `eidctl help [COMMAND]` is `eidctl [COMMAND] --help`. */
static void take_help(struct eidc_ctl *ctl)
{
    if (ctl->arg_count == 0 || strcmp(ctl->args[0], "help") != 0)
        return;
    ctl->options.help = true;
    ctl->args++;
    ctl->arg_count--;
}

static void print_any_help(const struct eidc_ctl *ctl, const struct eidc_ctl_command *c)
{
    if (c != NULL)
        print_command_help(c, ctl->io->out);
    else if (ctl->arg_count == 1)
        print_group_help(group_of(ctl), ctl->io->out);
    else
        print_help(ctl->io->out);
}

static int dispatch(struct eidc_ctl *ctl)
{
    take_help(ctl);
    const struct eidc_ctl_command *c = find_command(ctl);
    if (ctl->options.version) {
        fputs("eidctl " EIDC_VERSION "\n", ctl->io->out);
        return EIDC_CTL_OK;
    }
    if (ctl->options.manual) {
        eidc_ctl_print_manual(ctl->io->out);
        return EIDC_CTL_OK;
    }
    bool is_group = ctl->arg_count == 1 && group_of(ctl) != NULL;
    if (ctl->options.help && (c != NULL || ctl->arg_count == 0 || is_group)) {
        print_any_help(ctl, c);
        return EIDC_CTL_OK;
    }
    if (c == NULL)
        return unknown_command(ctl);
    int code = check_usage(ctl, c);
    return code != EIDC_CTL_OK ? code : c->run(ctl);
}

/* A full disk must not look like an answer. */
static int finish_output(const struct eidc_ctl *ctl, int code)
{
    struct eidc_err err;
    if (fflush(ctl->io->out) == 0 && !ferror(ctl->io->out))
        return code;
    eidc_fail_errno(&err, "cannot be written");
    return eidc_ctl_failed(ctl, "output", &err, NULL);
}

/* The command, if there is one somewhere, has the help that is wanted. */
static int bad_options(struct eidc_ctl *ctl, char *const *argv, size_t argc,
                       const struct eidc_err *err)
{
    const struct eidc_ctl_command *c = NULL;
    for (size_t i = 1; i < argc && c == NULL; i++) {
        ctl->args = argv + i;
        ctl->arg_count = argc - i;
        c = find_command(ctl);
    }
    eidc_ctl_complain(ctl, "%s; see eidctl %s%s--help", err->text, c != NULL ? c->name : "",
                      c != NULL ? " " : "");
    return EIDC_CTL_USAGE;
}

int eidc_ctl_run(int argc, char **argv, const struct eidc_ctl_io *io)
{
    struct eidc_ctl ctl = {.io = io};
    struct eidc_err err;
    int first = eidc_ctl_options_read(argc, argv, &ctl.options, &err);
    if (first < 0)
        return bad_options(&ctl, argv, (size_t)argc, &err);
    ctl.args = argv + first;
    ctl.arg_count = (size_t)(argc - first);
    int code = finish_output(&ctl, dispatch(&ctl));
    if (ctl.http != NULL)
        ctl.http->ops->destroy(ctl.http);
    return code;
}
