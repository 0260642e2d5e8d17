typedef int eidc_daemon_guard_empty;
