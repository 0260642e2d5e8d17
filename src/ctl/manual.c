/* The table of commands as the manual page eidctl(1). */
#include "eidcached/base/mdoc.h"
#include "eidcached/ctl/commands.h"

/* Told once, for all commands that take them. */
#define COMMON (EIDC_CTL_ALWAYS | EIDC_CTL_ONLINE | EIDC_CTL_BIT(EIDC_CTL_FORMAT))

static const char head[] =
    ".Dd November 26, 2026\n"
    ".Dt EIDCTL 1\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm eidctl\n"
    ".Nd ask an eidcached daemon, or an image file, for names and EIDs\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Op Ar option ...\n"
    ".Ar command\n"
    ".Op Ar argument ...\n"
    ".Nm\n"
    ".Cm help\n"
    ".Op Ar command\n"
    ".Sh DESCRIPTION\n"
    ".Ql eidctl help\n"
    "lists the commands,\n"
    ".Ql eidctl help Ar command\n"
    "shows a command's options with examples.\n"
    "Where names or EIDs are taken,\n"
    ".Ql -\n"
    "reads them from standard input, one a line; empty lines, a byte-order mark\n"
    "before the first line and a CR at the end of any are no part of them.\n"
    "Options may stand before, between and behind the arguments;\n"
    ".Ql --\n"
    "ends them.\n"
    ".Sh COMMANDS\n"
    "Each takes the options that are told with it, and those below that make sense\n"
    "for it.\n";

static const char tail[] = ".Sh ENVIRONMENT\n"
                           ".Bl -tag -width Ds\n"
                           ".It Ev EIDCACHE_SERVER\n"
                           "The daemon, as for\n"
                           ".Fl -server ;\n"
                           "without either\n"
                           ".Li http://127.0.0.1:8627 .\n"
                           ".El\n"
                           ".Sh EXIT STATUS\n"
                           "0 done, 1 failed, 2 wrong usage, 4 something was not found.\n"
                           ".Sh EXAMPLES\n"
                           ".Bd -literal -offset indent\n"
                           "eidctl forward sales_prod.orders\n"
                           "cut -f1 names.tsv | eidctl forward -\n"
                           "eidctl forward --image /var/lib/eidcached/current.eidc sales\n"
                           "eidctl --server unix:/run/eidcached/eidcached.sock refresh --wait\n"
                           "eidctl image diff yesterday.eidc /var/lib/eidcached/current.eidc\n"
                           ".Ed\n"
                           ".Sh SEE ALSO\n"
                           ".Xr eidcached 8\n";

static void add_option(struct eidc_buf *out, enum eidc_ctl_option option)
{
    const struct eidc_ctl_option_words words = eidc_ctl_option_words(option);
    eidc_buf_add_z(out, ".It ");
    if (words.letter != 0)
        eidc_buf_addf(out, "Fl %c , ", words.letter);
    eidc_buf_addf(out, "Fl -%s", words.name);
    if (words.value != NULL)
        eidc_buf_addf(out, "%s Ar %s", words.value[0] == '[' ? " Ns" : "", words.value);
    eidc_buf_add_byte(out, '\n');
    eidc_mdoc_add_text(out, words.text);
}

static void add_options(struct eidc_buf *out, unsigned set)
{
    if (set == 0)
        return;
    eidc_buf_add_z(out, ".Bl -tag -width Ds\n");
    for (int i = 0; i < EIDC_CTL_OPTION_COUNT; i++) {
        if (set & EIDC_CTL_BIT(i))
            add_option(out, (enum eidc_ctl_option)i);
    }
    eidc_buf_add_z(out, ".El\n");
}

/* The examples of help, less what sets them in. */
static void add_examples(struct eidc_buf *out, const char *lines)
{
    eidc_buf_add_z(out, ".Bd -literal\n");
    eidc_mdoc_add_lines(out, lines);
    eidc_buf_add_z(out, ".Ed\n");
}

static void add_command(struct eidc_buf *out, const struct eidc_ctl_command *c)
{
    eidc_buf_addf(out, ".It Cm %s%s%s\n", c->name, c->args[0] != '\0' ? " Ar " : "", c->args);
    eidc_mdoc_add_text(out, c->summary);
    if (c->details != NULL) {
        eidc_buf_add_z(out, ".Pp\n");
        eidc_mdoc_add_text(out, c->details);
    }
    add_options(out, c->options & ~COMMON);
    add_examples(out, c->more);
}

void eidc_ctl_print_manual(FILE *out)
{
    EIDC_BUF_AUTO text = {0};
    eidc_buf_add_z(&text, head);
    eidc_buf_add_z(&text, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < eidc_ctl_command_count; i++)
        add_command(&text, &eidc_ctl_commands[i]);
    eidc_buf_add_z(&text, ".El\n.Sh OPTIONS\n");
    add_options(&text, COMMON | EIDC_CTL_BIT(EIDC_CTL_MANUAL));
    eidc_buf_add_z(&text, tail);
    fwrite(text.p, 1, text.n, out);
}
