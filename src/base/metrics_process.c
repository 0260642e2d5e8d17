#include "eidcached/base/metrics_process.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "eidcached/base/clock.h"
#include "eidcached/base/file.h"

#define STAT_MAX             8192
#define FIELDS_TO_START_TIME 20 /* from the third field of /proc/self/stat to the 22nd */

static double seconds_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Clock ticks from boot to the start of this process. The second field, the program's name, may
 * hold blanks and parentheses: fields are counted from the last ')'. */
static bool start_ticks(double *ticks)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err;
    if (!eidc_file_read("/proc/self/stat", STAT_MAX, &text, &err) || text.n == 0)
        return false;
    const char *field = strrchr(text.p, ')');
    for (int i = 0; field != NULL && i < FIELDS_TO_START_TIME; i++) {
        field = strchr(field, ' ');
        field = field != NULL ? field + 1 : NULL;
    }
    if (field == NULL)
        return false;
    *ticks = strtod(field, NULL);
    return true;
}

static double started;
static pthread_once_t start_known = PTHREAD_ONCE_INIT;

/* Once, so that the value never moves with the wall clock. The boot time comes from the clocks, not
 * from /proc/stat, which ProcSubset=pid hides. */
static void find_start(void)
{
    double now = (double)eidc_now_ms() / 1000, ticks;
    started = now;
    if (start_ticks(&ticks))
        started = now - seconds_of(CLOCK_BOOTTIME) + ticks / (double)sysconf(_SC_CLK_TCK);
}

static bool read_start(double *value)
{
    pthread_once(&start_known, find_start);
    *value = started;
    return true;
}

static bool read_cpu(double *value)
{
    *value = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    return true;
}

/* /proc/self/statm: pages of address space, pages resident, ... */
static bool read_pages(double *virtual_bytes, double *resident_bytes)
{
    EIDC_BUF_AUTO text = {0};
    struct eidc_err err;
    if (!eidc_file_read("/proc/self/statm", STAT_MAX, &text, &err) || text.n == 0)
        return false;
    double page = (double)sysconf(_SC_PAGESIZE);
    char *rest;
    *virtual_bytes = page * strtod(text.p, &rest);
    *resident_bytes = page * strtod(rest, NULL);
    return true;
}

static bool read_resident(double *value)
{
    double unused;
    return read_pages(&unused, value);
}

static bool read_virtual(double *value)
{
    double unused;
    return read_pages(value, &unused);
}

static bool read_open_fds(double *value)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return false;
    int count = -1; /* the one that opendir has open */
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    *value = count;
    return true;
}

static bool read_max_fds(double *value)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    *value = limit.rlim_cur == RLIM_INFINITY ? -1 : (double)limit.rlim_cur;
    return true;
}

static const struct {
    const char *name, *type, *help;
    bool (*read)(double *value);
} rows[] = {
    {"process_cpu_seconds_total", "counter", "User and system CPU time spent in seconds.",
     read_cpu},
    {"process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", read_resident},
    {"process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", read_virtual},
    {"process_open_fds", "gauge", "Open file descriptors.", read_open_fds},
    {"process_max_fds", "gauge", "Most file descriptors that may be open.", read_max_fds},
    {"process_start_time_seconds", "gauge", "Start of the process in seconds since 1970.",
     read_start},
};

void eidc_metrics_process_write(struct eidc_buf *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value;
        if (!rows[i].read(&value))
            continue;
        eidc_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", rows[i].name, rows[i].help,
                      rows[i].name, rows[i].type, rows[i].name);
        eidc_metrics_number(out, value);
        eidc_buf_add_byte(out, '\n');
    }
}
