typedef int eidc_daemon_batch_empty;
