#include "eidcached/base/cgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "eidcached/base/file.h"
#include "eidcached/base/mem.h"

static char root[] = "/tmp/eidc-test-cgroup-XXXXXX";

static int setup(void **state)
{
    (void)state;
    strcpy(strrchr(root, '-'), "-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int teardown(void **state)
{
    char *command EIDC_AUTO_FREE = eidc_xprintf("rm -r %s", root);
    (void)state;
    return system(command); /* NOLINT(cert-env33-c): a name of our own making */
}

static void put(const char *path, const char *text)
{
    struct eidc_err err;
    char *at EIDC_AUTO_FREE = eidc_xprintf("%s%s", root, path);
    char *folder EIDC_AUTO_FREE = eidc_xstrndup(at, (size_t)(strrchr(at, '/') - at));
    assert_true(eidc_dir_make(folder, &err));
    assert_true(eidc_file_write(at, eidc_str_of(text), 0644, &err));
}

static void test_version_2(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/system.slice/eidcached.service\n");
    put("/sys/fs/cgroup/system.slice/eidcached.service/memory.max", "67108864\n");
    assert_true(eidc_cgroup_memory_limit(root) == 67108864);
    put("/sys/fs/cgroup/system.slice/memory.max", "1048576\n"); /* the parent's is less */
    assert_true(eidc_cgroup_memory_limit(root) == 1048576);
    put("/sys/fs/cgroup/system.slice/memory.max", "max\n");
    assert_true(eidc_cgroup_memory_limit(root) == 67108864);
}

static void test_version_2_in_a_container(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "67108864\n");
    assert_true(eidc_cgroup_memory_limit(root) == 67108864);
}

static void test_version_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/x\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "33554432\n"); /* /docker is outside */
    assert_true(eidc_cgroup_memory_limit(root) == 33554432);
}

static void test_no_limit_is_known(void **state)
{
    (void)state;
    assert_true(eidc_cgroup_memory_limit(root) == UINT64_MAX);
    put("/proc/self/cgroup", "0::/a\nnonsense\n:\n::\n3:memory\n");
    assert_true(eidc_cgroup_memory_limit(root) == UINT64_MAX);
    put("/sys/fs/cgroup/a/memory.max", "max\n");
    put("/sys/fs/cgroup/memory.max", "much\n");
    assert_true(eidc_cgroup_memory_limit(root) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_version_2, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_2_in_a_container, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_limit_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
