#include "eidcached/ctl/commands.h"

#include "eidcached/config/nearest.h"

#define ALWAYS (EIDC_CTL_BIT(EIDC_CTL_HELP) | EIDC_CTL_BIT(EIDC_CTL_VERSION))
#define FORMAT EIDC_CTL_BIT(EIDC_CTL_FORMAT)
#define TLS                                                                                        \
    (EIDC_CTL_BIT(EIDC_CTL_CA) | EIDC_CTL_BIT(EIDC_CTL_CERT) | EIDC_CTL_BIT(EIDC_CTL_CLIENT_KEY))
#define SERVER (EIDC_CTL_BIT(EIDC_CTL_SERVER) | EIDC_CTL_BIT(EIDC_CTL_TOKEN_FILE) | TLS)
#define ONLINE (SERVER | FORMAT)
#define LOOKUP (ONLINE | EIDC_CTL_BIT(EIDC_CTL_IMAGE))
#define KEY    EIDC_CTL_BIT(EIDC_CTL_KEY_FILE)
#define SCHEME                                                                                     \
    (EIDC_CTL_BIT(EIDC_CTL_ALGORITHM) | EIDC_CTL_BIT(EIDC_CTL_BITS) |                              \
     EIDC_CTL_BIT(EIDC_CTL_ENCODING) | EIDC_CTL_BIT(EIDC_CTL_PREFIX) | KEY)
#define ANY SIZE_MAX

static const struct command {
    const char *name, *args, *summary;
    size_t min_args, max_args;
    unsigned options;
    eidc_ctl_command_fn *run;
    const char *more; /* after the options */
} commands[] = {
    {"forward", "NAME...", "the EIDs of names; '-' reads standard input, one a line", 1, ANY,
     LOOKUP, eidc_ctl_forward,
     "  eidctl forward sales_prod.orders\n"
     "  cut -f1 names.tsv | eidctl forward -\n"
     "  eidctl forward --image /var/lib/eidcached/current.eidc sales\n"},
    {"reverse", "EID...", "the names of EIDs; '-' reads standard input, one a line", 1, ANY, LOOKUP,
     eidc_ctl_reverse,
     "  eidctl reverse e04eb29020eaa961e99d3162635e9fe9\n"
     "  eidctl -o json reverse - < eids.txt\n"},
    {"names", "", "names and their EIDs, NAME<TAB>EID, in byte order of names", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_STARTS) | EIDC_CTL_BIT(EIDC_CTL_AFTER) |
         EIDC_CTL_BIT(EIDC_CTL_LIMIT),
     eidc_ctl_names,
     "  eidctl names --prefix sales_prod.\n"
     "  eidctl names | sort -t '\t' -k 2\n"},
    {"changes", "", "what came (+NAME<TAB>EID) and went (-) since a generation", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_SINCE) | EIDC_CTL_BIT(EIDC_CTL_PATIENCE) |
         EIDC_CTL_BIT(EIDC_CTL_FOLLOW),
     eidc_ctl_changes,
     "  eidctl changes --since 41\n"
     "  eidctl changes --follow           # from now on\n"
     "  eidctl changes --wait=10m -o json # the next change, with its generation\n"},
    {"status", "", "what the daemon serves and how it is doing", 0, 0, ONLINE, eidc_ctl_status,
     "  eidctl status\n"
     "  eidctl --server unix:/run/eidcached/http.sock status -o json\n"},
    {"refresh", "", "starts a refresh of everything", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_WAIT) | EIDC_CTL_BIT(EIDC_CTL_ACCEPT_SHRINK), eidc_ctl_refresh,
     "  eidctl refresh --wait=5m   # 0 when it was published, partial or held too; 1 when it "
     "failed\n"
     "  eidctl refresh --wait --accept-shrink   # after one that was held, and rightly so\n"
     "  eidctl refresh --accept-shrink --token-file /etc/eidcached/token\n"},
    {"health", "", "exit code 0 when the daemon is ready, else 1", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_LIVE), eidc_ctl_health,
     "  eidctl health && echo ready\n"
     "  eidctl health --live\n"},
    {"wait-ready", "", "waits until the daemon is ready; exit code 1 when it is not in time", 0, 0,
     SERVER | EIDC_CTL_BIT(EIDC_CTL_PATIENCE), eidc_ctl_wait_ready,
     "  eidctl wait-ready && my-service\n"
     "  eidctl --server unix:/run/eidcached/http.sock wait-ready --wait=5m\n"},
    {"compute", "NAME...", "what the EIDs of names would be; needs no daemon", 1, ANY,
     SCHEME | FORMAT, eidc_ctl_compute,
     "  eidctl compute sales          # printf %s sales | sha256sum | cut -c1-32\n"
     "  eidctl compute --bits 64 --encoding base32 --prefix e- - < names.txt\n"},
    {"image build", "[FILE|-] [OUT]", "makes an image of names, one a line", 0, 2,
     SCHEME | FORMAT | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_build,
     "  eidctl image build names.txt names.eidc\n"
     "  cut -f1 names.tsv | eidctl image build -O names.eidc\n"},
    {"image info", "FILE", "what an image holds", 1, 1, FORMAT, eidc_ctl_image_info,
     "  eidctl image info /var/lib/eidcached/current.eidc\n"},
    {"image verify", "FILE", "checks every byte and every entry of an image", 1, 1, FORMAT | KEY,
     eidc_ctl_image_verify, "  eidctl image verify /var/lib/eidcached/current.eidc\n"},
    {"image lookup", "FILE KEY...", "looks names (or EIDs) up in an image", 2, ANY,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_REVERSE), eidc_ctl_image_lookup,
     "  eidctl image lookup names.eidc sales\n"
     "  eidctl image lookup --reverse names.eidc - < eids.txt\n"},
    {"image list", "FILE", "the entries of an image, NAME<TAB>EID, in byte order of names", 1, 1,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_STARTS) | EIDC_CTL_BIT(EIDC_CTL_AFTER) |
         EIDC_CTL_BIT(EIDC_CTL_LIMIT),
     eidc_ctl_image_list,
     "  eidctl image list names.eidc   # exit code 1, and nothing shown, when it is damaged\n"
     "  eidctl image list --prefix sales_prod. /var/lib/eidcached/current.eidc\n"
     "  eidctl image list --limit 1000 --after sales_prod.orders names.eidc   # the next page\n"},
    {"image diff", "OLD NEW", "what NEW has more (+NAME<TAB>EID) and less (-) than OLD", 2, 2,
     FORMAT, eidc_ctl_image_diff,
     "  eidctl image diff yesterday.eidc /var/lib/eidcached/current.eidc   # 1 when one is "
     "damaged\n"
     "  eidctl image diff -o json old.eidc new.eidc | grep '\"change\":\"removed\"'\n"},
    {"image export", "FILE", "writes an image as the EidCache JSON, or as lines", 1, 1,
     EIDC_CTL_BIT(EIDC_CTL_EXPORT) | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_export,
     "  eidctl image export -O eid_cache.json names.eidc     # one EID a name, one name an EID\n"
     "  eidctl image export --format tsv names.eidc | sort   # all of them\n"
     "  eidctl image export -O eid_cache.json names.eidc || echo nothing was written, see above\n"},
    {"image import", "[JSON|-] [OUT]", "makes an image of the EidCache JSON", 0, 2,
     SCHEME | FORMAT | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_import,
     "  eidctl image import eid_cache.json names.eidc   # EIDs that are no checksum stay as they "
     "are\n"
     "  zcat eid_cache.json.gz | eidctl image import - names.eidc\n"},
    {"aws list", "[LIST]", "what a source can list; of one, all there is to know", 0, 1, FORMAT,
     eidc_ctl_aws_list,
     "  eidctl aws list\n"
     "  eidctl aws list glue.tables           # its fields, members, parameters, IAM actions\n"
     "  eidctl aws list -o json | jq -r '.[].id'\n"},
    {"aws policy", "", "the least IAM policy that a configuration needs", 0, 0,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_CONFIG) | EIDC_CTL_BIT(EIDC_CTL_ROLE_ARN), eidc_ctl_aws_policy,
     "  eidctl aws policy --config /etc/eidcached/eidcached.yaml > policy.json\n"
     "  eidctl aws policy --config e.yaml --role-arn arn:aws:iam::123456789012:role/eidcached\n"},
    {"aws whoami", "", "which account, role or user the credentials found here belong to", 0, 0,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_CONFIG) | EIDC_CTL_BIT(EIDC_CTL_PROFILE) |
         EIDC_CTL_BIT(EIDC_CTL_ROLE_ARN) | EIDC_CTL_BIT(EIDC_CTL_REGION),
     eidc_ctl_aws_whoami,
     "  eidctl aws whoami --config /etc/eidcached/eidcached.yaml   # as its aws section says\n"
     "  eidctl aws whoami --role-arn arn:aws:iam::123456789012:role/eidcached -o json\n"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

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
static const char *word_in(const struct command *c, const char *group)
{
    size_t n = strlen(group);
    return strncmp(c->name, group, n) == 0 && c->name[n] == ' ' ? c->name + n + 1 : NULL;
}

/* group NULL: of all. */
static void print_summaries(const char *group, FILE *out)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        char left[64];
        if (group != NULL && word_in(&commands[i], group) == NULL)
            continue;
        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].args);
        fprintf(out, "  %-30s %s\n", left, commands[i].summary);
    }
}

static void print_help(FILE *out)
{
    fputs("eidctl: asks an eidcached daemon, or an image file, for names and EIDs\n\n"
          "Usage: eidctl [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n",
          out);
    print_summaries(NULL, out);
    fputs("\nOptions (`eidctl help COMMAND` shows all of a command's):\n", out);
    eidc_ctl_options_help(LOOKUP | ALWAYS, out);
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

static void print_command_help(const struct command *c, FILE *out)
{
    fprintf(out, "Usage: eidctl %s [OPTION...]%s%s\n\n%s\n\nOptions:\n", c->name,
            c->args[0] != '\0' ? " " : "", c->args, c->summary);
    eidc_ctl_options_help(c->options | ALWAYS, out);
    fprintf(out, "\nExamples:\n%s", c->more);
}

/* How many of the words are the command's name; 0: they are not. */
static size_t words_of(const struct command *c, char *const *args, size_t n)
{
    char two[64];
    if (n > 0 && strcmp(args[0], c->name) == 0)
        return 1;
    if (n > 1 && snprintf(two, sizeof two, "%s %s", args[0], args[1]) < (int)sizeof two &&
        strcmp(two, c->name) == 0)
        return 2;
    return 0;
}

static const struct command *find_command(struct eidc_ctl *ctl)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t words = words_of(&commands[i], ctl->args, ctl->arg_count);
        if (words > 0) {
            ctl->args += words;
            ctl->arg_count -= words;
            return &commands[i];
        }
    }
    return NULL;
}

static const char *nearest_in(const char *group, const char *word)
{
    const char *words[COMMANDS + 1];
    size_t n = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        words[n] = group != NULL ? word_in(&commands[i], group) : commands[i].name;
        n += words[n] != NULL;
    }
    words[n] = NULL;
    return eidc_nearest_name(word, words);
}

static void complain_of_group(const struct eidc_ctl *ctl, const char *group)
{
    EIDC_BUF_AUTO words = {0};
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *word = word_in(&commands[i], group);
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
static unsigned taken_by(const struct command *c)
{
    return c->options | ALWAYS | (c->options & EIDC_CTL_BIT(EIDC_CTL_EXPORT) ? FORMAT : 0) |
           (c->options & EIDC_CTL_BIT(EIDC_CTL_STARTS) ? EIDC_CTL_BIT(EIDC_CTL_PREFIX) : 0) |
           (c->options & EIDC_CTL_BIT(EIDC_CTL_PATIENCE) ? EIDC_CTL_BIT(EIDC_CTL_WAIT) : 0);
}

static int check_usage(const struct eidc_ctl *ctl, const struct command *c)
{
    unsigned foreign = ctl->options.given & ~taken_by(c);
    bool exports = c->options & EIDC_CTL_BIT(EIDC_CTL_EXPORT);
    if ((ctl->options.given & FORMAT) && ctl->options.format_of_export != exports) {
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

static void print_any_help(const struct eidc_ctl *ctl, const struct command *c)
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
    const struct command *c = find_command(ctl);
    if (ctl->options.version) {
        fputs("eidctl " EIDC_VERSION "\n", ctl->io->out);
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
    const struct command *c = NULL;
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
