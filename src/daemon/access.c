typedef int eidc_daemon_access_empty;
