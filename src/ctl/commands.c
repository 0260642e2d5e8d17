typedef int eidc_ctl_commands_empty;
