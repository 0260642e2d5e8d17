typedef int eidc_daemon_routes_empty;
