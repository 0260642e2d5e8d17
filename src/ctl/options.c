#include "eidcached/ctl/options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

#include "eidcached/base/units.h"

#define WAIT_DEFAULT_S 60
#define WAIT_MAX_S     3600 /* as the server */

typedef bool parse_fn(struct eidc_ctl_options *o, const char *value, struct eidc_err *err);

static parse_fn parse_format, parse_wait, parse_limit, parse_since, parse_bits, parse_encoding;

/* A row without a parser is a text when it takes a value, else a flag, at its offset. */
#define AT(member) offsetof(struct eidc_ctl_options, member)
/* Only help: a command's own words for an option of this name in another row. */
#define AGAIN SIZE_MAX

static const struct row {
    const char *name;
    int letter;        /* 0: none */
    const char *value; /* NULL: takes none; "[=...]": may be left out */
    size_t at;
    parse_fn *parse;
    const char *help;
} rows[EIDC_CTL_OPTION_COUNT] = {
    [EIDC_CTL_SERVER] = {"server", 0, "URL|unix:PATH", AT(server), NULL,
                         "the daemon; default $EIDCACHE_SERVER or http://127.0.0.1:8627"},
    [EIDC_CTL_TOKEN_FILE] = {"token-file", 0, "FILE", AT(token_file), NULL,
                             "sends the token in FILE"},
    [EIDC_CTL_CA] = {"ca", 0, "FILE", AT(ca), NULL,
                     "https: trusts the certificates in FILE, not the system's"},
    [EIDC_CTL_CERT] = {"cert", 0, "FILE", AT(cert), NULL, "https: shows the certificate in FILE"},
    [EIDC_CTL_CLIENT_KEY] = {"key", 0, "FILE", AT(key), NULL,
                             "https: the key of --cert, if not in it"},
    [EIDC_CTL_IMAGE] = {"image", 0, "FILE", AT(image), NULL,
                        "looks up in this image, without a daemon"},
    [EIDC_CTL_FORMAT] = {"format", 'o', "text|json", 0, parse_format,
                         "for people (default), or for programs"},
    [EIDC_CTL_EXPORT] = {"format", 'o', "eidcache|tsv", AGAIN, NULL,
                         "the EidCache JSON (default), or NAME<TAB>EID lines"},
    [EIDC_CTL_WAIT] = {"wait", 0, "[=DURATION]", 0, parse_wait,
                       "waits for its end: 60s, or DURATION (30s, 5m, 90, up to 1h)"},
    [EIDC_CTL_PATIENCE] = {"wait", 0, "[=DURATION]", AGAIN, NULL,
                           "how long: 60s, or DURATION (30s, 5m, 90, up to 1h)"},
    [EIDC_CTL_ACCEPT_SHRINK] = {"accept-shrink", 0, NULL, AT(accept_shrink), NULL,
                                "lets the names go that the guard holds"},
    [EIDC_CTL_LIVE] = {"live", 0, NULL, AT(live), NULL,
                       "asks whether it is alive, not whether it is ready"},
    [EIDC_CTL_REVERSE] = {"reverse", 0, NULL, AT(reverse), NULL, "the keys are EIDs"},
    [EIDC_CTL_STARTS] = {"prefix", 0, "TEXT", AGAIN, NULL, "only names that start with it"},
    [EIDC_CTL_AFTER] = {"after", 0, "NAME", AT(after), NULL, "only names behind this one"},
    [EIDC_CTL_LIMIT] = {"limit", 0, "N", 0, parse_limit, "at most so many names"},
    [EIDC_CTL_SINCE] = {"since", 0, "N", 0, parse_since,
                        "the number of a generation; default: the one served now"},
    [EIDC_CTL_FOLLOW] = {"follow", 0, NULL, AT(follow), NULL,
                         "goes on for ever, also when the daemon restarts"},
    [EIDC_CTL_OUTPUT] = {"output", 'O', "FILE", AT(output), NULL,
                         "the file to write; replaced whole or not at all"},
    [EIDC_CTL_ALGORITHM] = {"algorithm", 0, "DIGEST", AT(algorithm), NULL,
                            "any digest of OpenSSL; default sha256"},
    [EIDC_CTL_BITS] = {"bits", 0, "N", 0, parse_bits,
                       "how much of the digest: a multiple of 8 from 32 to its size; default 128"},
    [EIDC_CTL_ENCODING] = {"encoding", 0, "hex|base32|base64url", 0, parse_encoding,
                           "how it is written; default hex"},
    [EIDC_CTL_PREFIX] = {"prefix", 0, "TEXT", AT(prefix), NULL, "put in front of each EID"},
    [EIDC_CTL_KEY_FILE] = {"key-file", 0, "FILE", AT(key_file), NULL,
                           "HMAC with the key in FILE (up to 4 KiB), less a newline at its end"},
    [EIDC_CTL_CONFIG] = {"config", 0, "FILE", AT(config), NULL, "the daemon's configuration"},
    [EIDC_CTL_PROFILE] = {"profile", 0, "NAME", AT(profile), NULL,
                          "profile of ~/.aws/config and ~/.aws/credentials"},
    [EIDC_CTL_ROLE_ARN] = {"role-arn", 0, "ARN", AT(role_arn), NULL,
                           "the role to act as, or the one whose policy it is"},
    [EIDC_CTL_REGION] = {"region", 0, "NAME", AT(region), NULL, "region whose STS is asked"},
    [EIDC_CTL_HELP] = {"help", 'h', NULL, AT(help), NULL, "this help; COMMAND --help for its own"},
    [EIDC_CTL_VERSION] = {"version", 'V', NULL, AT(version), NULL, "the version"},
    [EIDC_CTL_MANUAL] = {"print-manual", 0, NULL, AT(manual), NULL, "all of this as eidctl(1)"},
};

static bool parse_format(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    o->json = strcmp(value, "json") == 0;
    o->tsv = strcmp(value, "tsv") == 0;
    o->format_of_export = o->tsv || strcmp(value, "eidcache") == 0;
    return o->json || o->format_of_export || strcmp(value, "text") == 0 ||
           eidc_fail(err, EIDC_ERR_INVALID,
                     "'%s' is neither text nor json, nor eidcache or tsv of image export", value);
}

static bool parse_limit(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    return (eidc_str_u64(eidc_str_of(value), UINT64_MAX, &o->limit) && o->limit > 0) ||
           eidc_fail(err, EIDC_ERR_INVALID, "'%s' is no number from 1", value);
}

static bool parse_since(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    return eidc_str_u64(eidc_str_of(value), UINT64_MAX, &o->since) ||
           eidc_fail(err, EIDC_ERR_INVALID, "'%s' is no number of a generation", value);
}

static bool parse_wait(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    uint64_t ms;
    o->wait = true;
    o->wait_s = WAIT_DEFAULT_S;
    if (value == NULL)
        return true;
    if (!eidc_units_parse(eidc_str_of(value), eidc_duration_units, 1000, &ms) ||
        ms > WAIT_MAX_S * 1000)
        return eidc_fail(err, EIDC_ERR_INVALID, "'%s' is no duration such as 30s or 5m, up to 1h",
                         value);
    o->wait_s = ((unsigned)ms + 999) / 1000;
    return true;
}

static bool parse_bits(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    uint64_t bits;
    if (!eidc_str_u64(eidc_str_of(value), EIDC_EID_RAW_MAX * 8, &bits))
        return eidc_fail(err, EIDC_ERR_INVALID, "'%s' is no multiple of 8 from 32 to %d", value,
                         EIDC_EID_RAW_MAX * 8);
    o->bits = (unsigned)bits;
    return true;
}

static bool parse_encoding(struct eidc_ctl_options *o, const char *value, struct eidc_err *err)
{
    static const char *const names[] = {"hex", "base32", "base64url"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            o->encoding = (enum eidc_eid_encoding)i;
            return true;
        }
    }
    return eidc_fail(err, EIDC_ERR_INVALID, "'%s' is none of hex, base32, base64url", value);
}

static bool set(struct eidc_ctl_options *o, enum eidc_ctl_option option, const char *value,
                struct eidc_err *err)
{
    const struct row *row = &rows[option];
    o->given |= EIDC_CTL_BIT(option);
    if (row->parse != NULL)
        return row->parse(o, value, err) || eidc_wrap(err, "--%s", row->name);
    if (row->value != NULL)
        memcpy((char *)o + row->at, &value, sizeof value);
    else
        memcpy((char *)o + row->at, &(bool){true}, sizeof(bool));
    return true;
}

/* getopt's tables, made of ours. A long option returns 256 + its row. */
static void to_getopt(struct option *longs, char *letters)
{
    *letters++ = ':';
    for (int i = 0; i < EIDC_CTL_OPTION_COUNT; i++) {
        if (rows[i].at == AGAIN)
            continue;
        bool optional = rows[i].value != NULL && rows[i].value[0] == '[';
        *longs++ = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].value == NULL ? no_argument
                       : optional            ? optional_argument
                                             : required_argument,
            .val = 256 + i,
        };
        if (rows[i].letter != 0) {
            *letters++ = (char)rows[i].letter;
            if (rows[i].value != NULL)
                *letters++ = ':';
        }
    }
    *longs = (struct option){0};
    *letters = '\0';
}

static int row_of(int got)
{
    for (int i = 0; i < EIDC_CTL_OPTION_COUNT; i++) {
        if (got == 256 + i || (rows[i].letter != 0 && got == rows[i].letter))
            return i;
    }
    return -1;
}

/* --wait 10s is --wait=10s: getopt leaves a value that may be left out where it is. */
static bool takes_next(const struct row *row, const char *next)
{
    return row->value != NULL && row->value[0] == '[' && next != NULL && next[0] >= '0' &&
           next[0] <= '9';
}

static void set_defaults(struct eidc_ctl_options *o)
{
    const char *server = getenv("EIDCACHE_SERVER");
    *o = (struct eidc_ctl_options){
        .server = server != NULL && server[0] != '\0' ? server : "http://127.0.0.1:8627",
        .algorithm = "sha256",
        .prefix = "",
        .bits = 128,
        .limit = UINT64_MAX,
        .encoding = EIDC_EID_HEX,
    };
}

int eidc_ctl_options_read(int argc, char **argv, struct eidc_ctl_options *out, struct eidc_err *err)
{
    struct option longs[EIDC_CTL_OPTION_COUNT + 1];
    char letters[2 * EIDC_CTL_OPTION_COUNT + 2];
    int got;
    to_getopt(longs, letters);
    set_defaults(out);
    opterr = 0;
    optind = 0; /* start over, whatever an earlier call left */
    while ((got = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        int row = row_of(got);
        const char *last = argv[optind - 1];
        if (got == ':') {
            eidc_fail(err, EIDC_ERR_INVALID, "option %s needs a value", last);
            return -1;
        }
        if (row < 0) {
            eidc_fail(err, EIDC_ERR_INVALID, "unknown or misused option %s", last);
            return -1;
        }
        const char *value = optarg;
        if (value == NULL && takes_next(&rows[row], argv[optind]))
            value = argv[optind++];
        if (!set(out, (enum eidc_ctl_option)row, value, err))
            return -1;
    }
    return optind;
}

const char *eidc_ctl_option_name(enum eidc_ctl_option option)
{
    return rows[option].name;
}

struct eidc_ctl_option_words eidc_ctl_option_words(enum eidc_ctl_option option)
{
    const struct row *row = &rows[option];
    return (struct eidc_ctl_option_words){(char)row->letter, row->name, row->value, row->help};
}

void eidc_ctl_options_help(unsigned set_of, FILE *out)
{
    for (int i = 0; i < EIDC_CTL_OPTION_COUNT; i++) {
        char left[64], letter[8] = "    ";
        if (!(set_of & EIDC_CTL_BIT(i)))
            continue;
        if (rows[i].letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", rows[i].letter);
        const char *value = rows[i].value != NULL ? rows[i].value : "";
        snprintf(left, sizeof left, "%s--%s%s%s", letter, rows[i].name,
                 value[0] != '\0' && value[0] != '[' ? " " : "", value);
        fprintf(out, "  %-36s %s\n", left, rows[i].help);
    }
}
