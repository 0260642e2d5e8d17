/* The option table as text: the effective configuration, the sample, the help. */
#include <string.h>

#include "eidcached/config/options.h"

#define COLUMNS 88

static const char *key_of(const struct eidc_option *option)
{
    const char *dot = strchr(option->path, '.');
    return dot != NULL ? dot + 1 : option->path;
}

/* Letters and digits in front, and nothing that means something to YAML: no quotes needed. */
static bool is_plain(const char *s)
{
    static const char safe[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.@%+=-:";
    static const char *const nulls[] = {"null", "Null", "NULL"};
    size_t n = strlen(s);
    if (n == 0 || strspn(s, safe) != n || strchr("_.@%+=-:", s[0]) != NULL || s[n - 1] == ':')
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (strcmp(s, nulls[i]) == 0)
            return false;
    return true;
}

/* Length of the UTF-8 character at s (1 if there is none), and its code point. */
static size_t decode(const char *s, unsigned *code_point)
{
    unsigned char c = (unsigned char)s[0];
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    *code_point = n == 1 ? c : c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 1;
        *code_point = *code_point << 6 | ((unsigned char)s[i] & 0x3fu);
    }
    return n;
}

/* What YAML refuses raw, or takes for the end of a line. */
static bool needs_escape(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffe || c == 0xffff;
}

void eidc_yaml_scalar(struct eidc_buf *out, const char *s)
{
    if (is_plain(s)) {
        eidc_buf_add_z(out, s);
        return;
    }
    eidc_buf_add_byte(out, '"');
    while (*s != 0) {
        unsigned code_point;
        size_t n = decode(s, &code_point);
        if (needs_escape(code_point))
            eidc_buf_addf(out, "\\u%04X", code_point);
        else if (*s == '"' || *s == '\\')
            eidc_buf_addf(out, "\\%c", *s);
        else
            eidc_buf_add(out, s, n);
        s += n;
    }
    eidc_buf_add_byte(out, '"');
}

static void write_option(const struct eidc_option *option, const void *base, const char *indent,
                         struct eidc_buf *out)
{
    size_t before = out->n;
    eidc_buf_addf(out, "%s%s: ", indent, key_of(option));
    if (eidc_option_print(option, base, out))
        eidc_buf_add_byte(out, '\n');
    else if (out->p != NULL)
        out->p[out->n = before] = 0;
}

static void write_source(const struct eidc_config_source *source, struct eidc_buf *out)
{
    eidc_buf_addf(out, "  %s:\n", source->name);
    for (size_t i = 0; i < eidc_source_option_count; i++) {
        const struct eidc_option *option = &eidc_source_options[i];
        if (eidc_option_is_set(option, source) || strcmp(option->path, "type") == 0)
            write_option(option, source, "    ", out);
    }
}

void eidc_config_write(const struct eidc_config *config, struct eidc_buf *out)
{
    for (size_t s = 0; s < eidc_option_section_count; s++) {
        eidc_buf_addf(out, "%s:\n", eidc_option_sections[s].name);
        for (size_t i = 0; i < eidc_option_count; i++)
            if (eidc_option_in_section(eidc_options[i].path, eidc_option_sections[s].name))
                write_option(&eidc_options[i], config, "  ", out);
    }
    eidc_buf_add_z(out, "sources:\n");
    for (size_t i = 0; i < config->source_count; i++)
        write_source(&config->sources[i], out);
}

/* Text in lines of at most COLUMNS, each behind the prefix; a newline in it is kept. */
static void write_wrapped(struct eidc_buf *out, const char *prefix, const char *text)
{
    size_t column = 0;
    while (*text != 0) {
        size_t n = strcspn(text, " \n");
        if (column > 0 && column + 1 + n > COLUMNS) {
            eidc_buf_add_byte(out, '\n');
            column = 0;
        }
        eidc_buf_add_z(out, column == 0 ? prefix : " ");
        eidc_buf_add(out, text, n);
        column += (column == 0 ? strlen(prefix) : 1) + n;
        text += n;
        if (*text == '\n') {
            eidc_buf_add_byte(out, '\n');
            column = 0;
        }
        text += *text != 0;
    }
    eidc_buf_add_byte(out, '\n');
}

/* Whether the help is clearer with what is allowed: not for true, false and lone words. */
static bool has_choice(const struct eidc_option *option)
{
    return option->names != NULL ? option->names[1] != NULL : option->type != EIDC_OPTION_BOOL;
}

/* The help with what is allowed at its end. */
static void describe(const struct eidc_option *option, struct eidc_buf *out)
{
    EIDC_BUF_AUTO allowed = {0};
    if (has_choice(option))
        eidc_option_allowed(option, &allowed);
    eidc_buf_add_z(out, option->help);
    if (allowed.n > 0)
        eidc_buf_addf(out, " (%s)", allowed.p);
}

static void write_default(const struct eidc_option *option, struct eidc_buf *out)
{
    if (option->type == EIDC_OPTION_LIST)
        eidc_buf_addf(out, "[%s]", option->fallback);
    else if (option->fallback != NULL)
        eidc_buf_add_z(out, *option->fallback != 0 ? option->fallback : "\"\"");
}

static void write_sample_option(const struct eidc_option *option, struct eidc_buf *out)
{
    EIDC_BUF_AUTO text = {0};
    describe(option, &text);
    if (option->fallback == NULL)
        eidc_buf_add_z(&text, " Not set by default.");
    else if (option->example != NULL)
        eidc_buf_addf(&text, " For example %s.", option->example);
    eidc_buf_add_byte(out, '\n');
    write_wrapped(out, "  # ", eidc_buf_view(&text).p);
    eidc_buf_addf(out, "  #%s: ", key_of(option));
    if (option->fallback != NULL)
        write_default(option, out);
    else
        eidc_buf_add_z(out, option->example);
    eidc_buf_add_byte(out, '\n');
}

static const char sample_head[] =
    "# eidcached's configuration: /etc/eidcached/eidcached.yaml\n"
    "#\n"
    "# Every option is shown with its default; take the # away to set it. Check with\n"
    "#   eidcached --check-config\n"
    "# and apply with\n"
    "#   systemctl reload eidcached\n"
    "#\n"
    "# Each option outside sources is also a variable of the environment, which wins:\n"
    "# EIDCACHED_REFRESH_INTERVAL=1m, EIDCACHED_HTTP_LISTEN=127.0.0.1:8627,unix:/run/e.sock\n"
    "#\n"
    "# Durations are 500ms 30s 5m 1h 7d, sizes 64K 8M 2G, ratios 10%.\n";

static const char sample_sources[] =
    "\n"
    "# Where the names come from: one source or several, each with a name of your own. What\n"
    "# several list is in the map once.\n"
    "sources:\n"
    "  # Names from a file, one a line, each as it stands: no comments, no quotes, blanks count.\n"
    "  # Empty lines, a byte-order mark and CRs are skipped; lines with a NUL, not in UTF-8 or\n"
    "  # over 2048 bytes are left out with a warning. A file that is missing, or of which no line\n"
    "  # is a name, keeps the entries it had. It is read at every refresh.\n"
    "  example:\n"
    "    type: file\n"
    "    path: /etc/eidcached/names.txt\n"
    "\n"
    "  # The tables of the Glue Data Catalog in two regions, as database.table, without what\n"
    "  # is temporary.\n"
    "  #catalog:\n"
    "  #  type: aws\n"
    "  #  list: glue.tables\n"
    "  #  name: \"{database}.{table}\"\n"
    "  #  regions: [eu-west-1, us-east-1]\n"
    "  #  include: [\"sales_*\", \"finance_*\"]\n"
    "  #  exclude: [\"*.tmp_*\"]\n"
    "\n"
    "  # Its databases, in another account: every option of the aws section may be given here\n"
    "  # too.\n"
    "  #other-account:\n"
    "  #  type: aws\n"
    "  #  list: glue.databases\n"
    "  #  eid: checksum           # or field:/JSON/Pointer, to take it from the listed object\n"
    "  #  role_arn: arn:aws:iam::210987654321:role/eidcached   # or profile: other-account\n"
    "  #  timeout: 1m\n"
    "\n"
    "  # Anything that CloudFormation knows, by its type. `eidctl aws list` shows what can be\n"
    "  # listed, and what each listing takes as params and offers as {Member} in name.\n"
    "  #buckets:\n"
    "  #  type: aws\n"
    "  #  list: cloudcontrol.resources\n"
    "  #  params: {TypeName: \"AWS::S3::Bucket\"}\n";

void eidc_config_write_sample(struct eidc_buf *out)
{
    eidc_buf_add_z(out, sample_head);
    for (size_t s = 0; s < eidc_option_section_count; s++) {
        eidc_buf_add_byte(out, '\n');
        write_wrapped(out, "# ", eidc_option_sections[s].help);
        eidc_buf_addf(out, "%s:", eidc_option_sections[s].name);
        for (size_t i = 0; i < eidc_option_count; i++)
            if (eidc_option_in_section(eidc_options[i].path, eidc_option_sections[s].name))
                write_sample_option(&eidc_options[i], out);
    }
    eidc_buf_add_z(out, sample_sources);
}

static void write_help_option(const struct eidc_option *option, const char *path,
                              struct eidc_buf *out)
{
    EIDC_BUF_AUTO text = {0};
    eidc_buf_addf(out, "%s%s  %s", path, option->path, eidc_option_type_name(option));
    if (option->fallback != NULL) {
        eidc_buf_add_z(out, ", default ");
        write_default(option, out);
    }
    eidc_buf_add_byte(out, '\n');
    describe(option, &text);
    write_wrapped(out, "    ", eidc_buf_view(&text).p);
}

void eidc_config_write_help(struct eidc_buf *out)
{
    for (size_t i = 0; i < eidc_option_count; i++)
        write_help_option(&eidc_options[i], "", out);
    for (size_t i = 0; i < eidc_source_option_count; i++)
        write_help_option(&eidc_source_options[i], "sources.NAME.", out);
}
