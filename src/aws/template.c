typedef int eidc_aws_template_empty;
