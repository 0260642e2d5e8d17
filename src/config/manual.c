/* The option table as the manual page eidcached.yaml(5), in mdoc(7). */
#include <string.h>

#include "eidcached/base/mdoc.h"
#include "eidcached/config/options.h"

static const char head[] =
    ".Dd November 25, 2026\n"
    ".Dt EIDCACHED.YAML 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm eidcached.yaml\n"
    ".Nd configuration of eidcached\n"
    ".Sh DESCRIPTION\n"
    "The file is YAML.\n"
    "Unknown keys, duplicate keys and bad values are errors, all told at once by\n"
    ".Ql eidcached --check-config .\n"
    "Each option outside\n"
    ".Cm sources\n"
    "is also a variable of the environment, which wins:\n"
    ".Ev EIDCACHED_REFRESH_INTERVAL\n"
    "is\n"
    ".Cm refresh.interval ;\n"
    "lists are comma-separated there.\n"
    ".Pp\n"
    "Durations are written as in 500ms, 30s, 5m, 1h, 7d; sizes as in\n"
    "64K, 8M, 2G; ratios as in 10%.\n"
    "Options without a default are not set.\n"
    "A path that does not begin with / is taken from the folder that the process\n"
    "was started in, not from that of this file; for a service that is /.\n"
    ".Pp\n"
    "The file is read again on\n"
    ".Dv SIGHUP ;\n"
    "options of the section\n"
    ".Cm http\n"
    "take effect at a restart, and the log says which have changed.\n"
    "What makes other EIDs (the section\n"
    ".Cm eid\n"
    "but for\n"
    ".Cm on_collision )\n"
    "cannot change under those who look names up: such a reload is refused as a\n"
    "whole, the configuration of before stays in force, and a restart changes it.\n";

static const char sources_head[] =
    ".Ss sources\n"
    "Where the names come from: one source or several, each with a name of its\n"
    "own, of 1 to 64 of A-Z a-z 0-9 _ -.\n"
    "Options of the section\n"
    ".Cm aws\n"
    "may be given for each source.\n";

static const char tail[] =
    ".Sh NAMES FILES\n"
    "The file of a source of type\n"
    ".Cm file\n"
    "is UTF-8 text, one name a line, each as it stands: no comments, no quotes,\n"
    "blanks count.\n"
    "A byte-order mark before the first line and a CR at the end of any are no part\n"
    "of them; empty lines are skipped, and a name that comes twice counts once.\n"
    ".Pp\n"
    "Left out, with a warning that tells the line, is what is no name: a line that\n"
    "holds a NUL, is not UTF-8 or is longer than 2048 bytes.\n"
    "A file that is missing, that cannot be read, that changed while it was read, or\n"
    "that has lines of which none is a name, fails: its entries stay as they were.\n"
    "An empty file is a list without names; see\n"
    ".Cm refresh.max_shrink .\n"
    ".Pp\n"
    "The file is read at every refresh, which is when changes of it are seen;\n"
    ".Ql eidctl refresh --wait\n"
    "refreshes now.\n"
    "Replace it by renaming a whole one to its place.\n"
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa /etc/eidcached/eidcached.yaml\n"
    "the configuration of the service\n"
    ".El\n"
    ".Sh EXAMPLES\n"
    "The tables of the Glue Data Catalog in two regions, saved locally and on S3:\n"
    ".Bd -literal -offset indent\n"
    "snapshot:\n"
    "  dir: /var/lib/eidcached\n"
    "  s3: s3://BUCKET/eidcached\n"
    "sources:\n"
    "  catalog:\n"
    "    type: aws\n"
    "    list: glue.tables\n"
    "    name: \"{database}.{table}\"\n"
    "    regions: [eu-west-1, us-east-1]\n"
    "    exclude: [\"*.tmp_*\"]\n"
    ".Ed\n"
    ".Sh SEE ALSO\n"
    ".Xr eidctl 1 ,\n"
    ".Xr eidcached 8\n";

static void add_fact(struct eidc_buf *out, const char *what, const char *value)
{
    EIDC_BUF_AUTO text = {0};
    if (value == NULL || *value == 0)
        return;
    eidc_buf_addf(&text, "%s: %s.", what, value);
    eidc_mdoc_add_text(out, eidc_buf_view(&text).p);
}

static void add_option(const struct eidc_option *option, struct eidc_buf *out)
{
    EIDC_BUF_AUTO allowed = {0};
    eidc_option_allowed(option, &allowed);
    eidc_buf_addf(out, ".It Cm %s Pq %s\n", option->path, eidc_option_type_name(option));
    eidc_mdoc_add_text(out, option->help);
    add_fact(out, "Allowed", eidc_buf_view(&allowed).n > 0 ? allowed.p : NULL);
    add_fact(out, "Default", option->fallback);
    add_fact(out, "For example", option->example);
}

static void add_section(const struct eidc_option_section *section, struct eidc_buf *out)
{
    eidc_buf_addf(out, ".Ss %s\n", section->name);
    eidc_mdoc_add_text(out, section->help);
    eidc_buf_add_z(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < eidc_option_count; i++)
        if (eidc_option_in_section(eidc_options[i].path, section->name))
            add_option(&eidc_options[i], out);
    eidc_buf_add_z(out, ".El\n");
}

void eidc_config_write_manual(struct eidc_buf *out)
{
    eidc_buf_add_z(out, head);
    for (size_t i = 0; i < eidc_option_section_count; i++)
        add_section(&eidc_option_sections[i], out);
    eidc_buf_add_z(out, sources_head);
    eidc_buf_add_z(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < eidc_source_option_count; i++)
        add_option(&eidc_source_options[i], out);
    eidc_buf_add_z(out, ".El\n");
    eidc_buf_add_z(out, tail);
}
