# Terraform: the same function as template.yaml.
#   terraform apply -var bucket=my-bucket
variable "bucket" { type = string }

variable "prefix" {
  type    = string
  default = "eidcached"
}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "refresh" {
  statement { # what the sources need is printed by: eidctl aws policy --config FILE
    actions   = ["glue:GetDatabases", "glue:GetTables"]
    resources = ["*"]
  }
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.bucket}/${var.prefix}/*"]
  }
  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"]
  }
}

resource "aws_iam_role" "refresh" {
  name_prefix        = "eidcached-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "refresh" {
  role   = aws_iam_role.refresh.id
  policy = data.aws_iam_policy_document.refresh.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.refresh.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "refresh" {
  function_name                  = "eidcached-refresh"
  role                           = aws_iam_role.refresh.arn
  filename                       = "${path.module}/../../build-lambda/eidcached-lambda.zip"
  source_code_hash               = filebase64sha256("${path.module}/../../build-lambda/eidcached-lambda.zip")
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["x86_64"]
  memory_size                    = 512
  timeout                        = 300
  reserved_concurrent_executions = 1
  environment {
    variables = {
      EIDCACHED_SNAPSHOT_S3 = "s3://${var.bucket}/${var.prefix}"
      EIDCACHED_LOG_FORMAT  = "json"
    }
  }
}

resource "aws_cloudwatch_event_rule" "schedule" {
  name_prefix         = "eidcached-"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "refresh" {
  rule = aws_cloudwatch_event_rule.schedule.name
  arn  = aws_lambda_function.refresh.arn
}

resource "aws_lambda_permission" "schedule" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.refresh.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule.arn
}
