/* What eidctl can do: all of it is told here, for help and for the manual page. */
#include "eidcached/ctl/commands.h"

#define FORMAT EIDC_CTL_BIT(EIDC_CTL_FORMAT)
#define SERVER EIDC_CTL_ONLINE
#define ONLINE (SERVER | FORMAT)
#define LOOKUP EIDC_CTL_LOOKUP
#define KEY    EIDC_CTL_BIT(EIDC_CTL_KEY_FILE)
#define SCHEME                                                                                     \
    (EIDC_CTL_BIT(EIDC_CTL_ALGORITHM) | EIDC_CTL_BIT(EIDC_CTL_BITS) |                              \
     EIDC_CTL_BIT(EIDC_CTL_ENCODING) | EIDC_CTL_BIT(EIDC_CTL_PREFIX) | KEY)
#define ANY SIZE_MAX

const struct eidc_ctl_command eidc_ctl_commands[] = {
    {"forward", "NAME...", "the EIDs of names; '-' reads standard input, one a line", 1, ANY,
     LOOKUP, eidc_ctl_forward,
     "  eidctl forward sales_prod.orders\n"
     "  cut -f1 names.tsv | eidctl forward -\n"
     "  eidctl forward --image /var/lib/eidcached/current.eidc sales\n",
     "One name gives its EIDs alone, one a line. Several, or '-', give NAME<TAB>EID lines in the "
     "order asked, the first EID of each, with nothing behind the tab for what is not found; -o "
     "json shows all."},
    {"reverse", "EID...", "the names of EIDs; '-' reads standard input, one a line", 1, ANY, LOOKUP,
     eidc_ctl_reverse,
     "  eidctl reverse e04eb29020eaa961e99d3162635e9fe9\n"
     "  eidctl -o json reverse - < eids.txt\n",
     "One EID gives its names alone, one a line. Several, or '-', give EID<TAB>NAME lines in the "
     "order asked, the first name of each, with nothing behind the tab for what is not found; -o "
     "json shows all."},
    {"names", "", "names and their EIDs, NAME<TAB>EID, in byte order of names", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_STARTS) | EIDC_CTL_BIT(EIDC_CTL_AFTER) |
         EIDC_CTL_BIT(EIDC_CTL_LIMIT),
     eidc_ctl_names,
     "  eidctl names --prefix sales_prod.\n"
     "  eidctl names | sort -t '\t' -k 2\n",
     NULL},
    {"changes", "", "what came (+NAME<TAB>EID) and went (-) since a generation", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_SINCE) | EIDC_CTL_BIT(EIDC_CTL_PATIENCE) |
         EIDC_CTL_BIT(EIDC_CTL_FOLLOW),
     eidc_ctl_changes,
     "  eidctl changes --since 41\n"
     "  eidctl changes --follow           # from now on\n"
     "  eidctl changes --wait=10m -o json # the next change, with its generation\n",
     "With --follow an outage of a daemon that has answered is waited out. However it ends, "
     "standard error says "
     "from which generation to go on; only when what changed since is not remembered (410) the "
     "names must be read again."},
    {"status", "", "what the daemon serves and how it is doing", 0, 0, ONLINE, eidc_ctl_status,
     "  eidctl status\n"
     "  eidctl --server unix:/run/eidcached/http.sock status -o json\n",
     NULL},
    {"refresh", "", "starts a refresh of everything", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_WAIT) | EIDC_CTL_BIT(EIDC_CTL_ACCEPT_SHRINK), eidc_ctl_refresh,
     "  eidctl refresh --wait=5m   # 0 when it was published and saved, partial or held too\n"
     "  eidctl refresh --wait --accept-shrink   # after one that was held, and rightly so\n"
     "  eidctl refresh --accept-shrink --token-file /etc/eidcached/token\n",
     "With --wait its end is waited for: the exit code is 1 when it failed, took too long or was "
     "published but not saved. One "
     "that is partial or held has published what it could; it exits with 0 and says on standard "
     "error what is missing, how many refreshes in a row agree about what is held, and that "
     "--accept-shrink lets it go."},
    {"health", "", "exit code 0 when the daemon is ready, else 1", 0, 0,
     ONLINE | EIDC_CTL_BIT(EIDC_CTL_LIVE), eidc_ctl_health,
     "  eidctl health && echo ready\n"
     "  eidctl health --live\n",
     NULL},
    {"wait-ready", "", "waits until the daemon is ready; exit code 1 when it is not in time", 0, 0,
     SERVER | EIDC_CTL_BIT(EIDC_CTL_PATIENCE), eidc_ctl_wait_ready,
     "  eidctl wait-ready && my-service\n"
     "  eidctl --server unix:/run/eidcached/http.sock wait-ready --wait=5m\n",
     NULL},
    {"compute", "NAME...", "what the EIDs of names would be; needs no daemon", 1, ANY,
     SCHEME | FORMAT, eidc_ctl_compute,
     "  eidctl compute sales          # printf %s sales | sha256sum | cut -c1-32\n"
     "  eidctl compute --bits 64 --encoding base32 --prefix e- - < names.txt\n",
     "One name gives its EID alone; several, or '-', give NAME<TAB>EID lines."},
    {"image build", "[FILE|-] [OUT]", "makes an image of names, one a line", 0, 2,
     SCHEME | FORMAT | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_build,
     "  eidctl image build names.txt names.eidc\n"
     "  cut -f1 names.tsv | eidctl image build -O names.eidc\n",
     NULL},
    {"image info", "FILE", "what an image holds", 1, 1, FORMAT, eidc_ctl_image_info,
     "  eidctl image info /var/lib/eidcached/current.eidc\n",
     "It checks what it reads; image verify checks everything."},
    {"image verify", "FILE", "checks every byte and every entry of an image", 1, 1, FORMAT | KEY,
     eidc_ctl_image_verify, "  eidctl image verify /var/lib/eidcached/current.eidc\n", NULL},
    {"image lookup", "FILE KEY...", "looks names (or EIDs) up in an image", 2, ANY,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_REVERSE), eidc_ctl_image_lookup,
     "  eidctl image lookup names.eidc sales\n"
     "  eidctl image lookup --reverse names.eidc - < eids.txt\n",
     "One key gives its values alone, one a line; several, or '-', give KEY<TAB>VALUE lines, as "
     "forward and reverse do."},
    {"image list", "FILE", "the entries of an image, NAME<TAB>EID, in byte order of names", 1, 1,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_STARTS) | EIDC_CTL_BIT(EIDC_CTL_AFTER) |
         EIDC_CTL_BIT(EIDC_CTL_LIMIT),
     eidc_ctl_image_list,
     "  eidctl image list --prefix sales_prod. /var/lib/eidcached/current.eidc\n"
     "  eidctl image list --limit 1000 --after sales_prod.orders names.eidc   # the next page\n",
     "The hash over the whole file is checked first: of a damaged one nothing is shown, and the "
     "exit code is 1."},
    {"image diff", "OLD NEW", "what NEW has more (+NAME<TAB>EID) and less (-) than OLD", 2, 2,
     FORMAT, eidc_ctl_image_diff,
     "  eidctl image diff yesterday.eidc /var/lib/eidcached/current.eidc\n"
     "  eidctl image diff -o json old.eidc new.eidc | grep '\"change\":\"removed\"'\n",
     "The hash over each whole file is checked first: of a damaged one nothing is shown, and the "
     "exit code is 1."},
    {"image export", "FILE", "writes an image as the EidCache JSON, or as lines", 1, 1,
     EIDC_CTL_BIT(EIDC_CTL_EXPORT) | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_export,
     "  eidctl image export -O eid_cache.json names.eidc     # one EID a name, one name an EID\n"
     "  eidctl image export --format tsv names.eidc | sort   # all of them\n",
     "The hash over the whole file is checked first: of a damaged one nothing is written, and the "
     "exit code is 1."},
    {"image import", "[JSON|-] [OUT]", "makes an image of the EidCache JSON", 0, 2,
     SCHEME | FORMAT | EIDC_CTL_BIT(EIDC_CTL_OUTPUT), eidc_ctl_image_import,
     "  eidctl image import eid_cache.json names.eidc   # EIDs that are no checksum stay as they "
     "are\n"
     "  zcat eid_cache.json.gz | eidctl image import - names.eidc\n",
     NULL},
    {"aws list", "[LIST]", "what a source can list; of one, all there is to know", 0, 1, FORMAT,
     eidc_ctl_aws_list,
     "  eidctl aws list\n"
     "  eidctl aws list glue.tables           # its fields, members, parameters, IAM actions\n"
     "  eidctl aws list -o json | jq -r '.[].id'\n",
     NULL},
    {"aws policy", "", "the least IAM policy that a configuration needs", 0, 0,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_CONFIG) | EIDC_CTL_BIT(EIDC_CTL_ROLE_ARN), eidc_ctl_aws_policy,
     "  eidctl aws policy --config /etc/eidcached/eidcached.yaml > policy.json\n"
     "  eidctl aws policy --config e.yaml --role-arn arn:aws:iam::123456789012:role/eidcached\n",
     NULL},
    {"aws whoami", "", "which account, role or user the credentials found here belong to", 0, 0,
     FORMAT | EIDC_CTL_BIT(EIDC_CTL_CONFIG) | EIDC_CTL_BIT(EIDC_CTL_PROFILE) |
         EIDC_CTL_BIT(EIDC_CTL_ROLE_ARN) | EIDC_CTL_BIT(EIDC_CTL_REGION),
     eidc_ctl_aws_whoami,
     "  eidctl aws whoami --config /etc/eidcached/eidcached.yaml   # as its aws section says\n"
     "  eidctl aws whoami --role-arn arn:aws:iam::123456789012:role/eidcached -o json\n",
     NULL},
};
const size_t eidc_ctl_command_count = sizeof eidc_ctl_commands / sizeof eidc_ctl_commands[0];
