typedef int eidc_daemon_app_empty;
