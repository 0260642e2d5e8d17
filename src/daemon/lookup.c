typedef int eidc_daemon_lookup_empty;
