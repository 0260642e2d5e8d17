typedef int eidc_daemon_round_empty;
