typedef int eidc_daemon_admin_empty;
