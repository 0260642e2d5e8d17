typedef int eidc_aws_creds_env_empty;
