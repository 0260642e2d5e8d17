#include <unistd.h>

#include "eidcached/base/file.h"
#include "eidcached/ctl/ctl.h"

int main(int argc, char **argv)
{
    eidc_fds_take_standard();
    const struct eidc_ctl_io io = {
        .in = stdin,
        .out = stdout,
        .err = stderr,
        .terminal = isatty(STDOUT_FILENO) == 1,
        .err_terminal = isatty(STDERR_FILENO) == 1,
        .http_new = eidc_http_curl_new,
    };
    return eidc_ctl_run(argc, argv, &io);
}
