#include "eidcached/base/cgroup.h"

#include <stdlib.h>
#include <string.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"

#define FILE_MAX 65536

/* Whole, less the newline at its end; empty when it cannot be read. */
static void read_text(const char *path, struct eidc_buf *out)
{
    struct eidc_err err;
    eidc_buf_clear(out);
    if (eidc_file_read(path, FILE_MAX, out, &err) && out->n > 0 && out->p[out->n - 1] == '\n')
        out->p[--out->n] = '\0';
}

static uint64_t read_limit(const char *path)
{
    EIDC_BUF_AUTO text = {0};
    uint64_t limit;
    read_text(path, &text);
    return eidc_str_u64(eidc_buf_view(&text), UINT64_MAX, &limit) ? limit : UINT64_MAX;
}

/* The least of the group's and its parents': "/a/b", "/a", "". */
static uint64_t least_upwards(const char *root, const char *mount, const char *group,
                              const char *file)
{
    char *path EIDC_AUTO_FREE = eidc_xstrdup(group);
    uint64_t least = UINT64_MAX;
    for (char *end = path + strlen(path);; end = strrchr(path, '/')) {
        *end = '\0';
        char *at EIDC_AUTO_FREE = eidc_xprintf("%s%s%s/%s", root, mount, path, file);
        uint64_t limit = read_limit(at);
        least = limit < least ? limit : least;
        if (strrchr(path, '/') == NULL)
            return least;
    }
}

/* A line of /proc/self/cgroup: NUMBER:CONTROLLERS:GROUP. */
static uint64_t limit_of_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(++controllers, ':') : NULL;
    if (group == NULL)
        return UINT64_MAX;
    *group++ = '\0';
    if (*controllers == '\0')
        return least_upwards(root, "/sys/fs/cgroup", group, "memory.max");
    if (strcmp(controllers, "memory") == 0)
        return least_upwards(root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
    return UINT64_MAX;
}

uint64_t eidc_cgroup_memory_limit(const char *root)
{
    char *path EIDC_AUTO_FREE = eidc_xprintf("%s/proc/self/cgroup", root);
    EIDC_BUF_AUTO text = {0};
    uint64_t least = UINT64_MAX;
    char *rest = NULL;
    read_text(path, &text);
    for (char *line = text.n > 0 ? strtok_r(text.p, "\n", &rest) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        uint64_t limit = limit_of_line(root, line);
        least = limit < least ? limit : least;
    }
    return least;
}
