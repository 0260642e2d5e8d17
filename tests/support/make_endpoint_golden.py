#!/usr/bin/python3
"""Writes tests/unit/aws/endpoint_golden.tsv: where AWS's own rules say a service of a region is.

    /usr/bin/python3 tests/support/make_endpoint_golden.py > tests/unit/aws/endpoint_golden.tsv

The judge is botocore's endpoint rule sets (Debian's python3-botocore, of December 2022). What they
refuse, or what AWS has changed since, is left out. The output is the same on every run.
"""
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

SERVICES = ("acm", "athena", "cloudcontrol", "codebuild", "codecommit", "cognito-idp", "config",
            "dynamodb", "ecr", "ecs", "eks", "emr", "events", "firehose", "glue", "kafka",
            "keyspaces", "kinesis", "kms", "lambda", "logs", "organizations", "redshift-data",
            "resourcegroupstaggingapi", "s3", "sagemaker", "secretsmanager", "servicediscovery",
            "sqs", "ssm", "stepfunctions", "sts")
REGIONS = ("eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-gov-east-1",
           "us-iso-east-1", "us-isob-east-1")
MORE_FOR_STS = ("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-3", "ap-south-1",
                "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
                "eu-south-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1", "us-east-2",
                "us-west-1", "us-west-2")
KINDS = (("plain", False, False), ("fips", True, False), ("dualstack", False, True),
         ("fips-dualstack", True, True))


def left_out(service, region, kind):
    if "fips" in kind and region.startswith(("cn-", "us-iso")):  # there are none: rules by rote
        return True
    # ECR's and SageMaker's dual-stack hosts came in 2025, without the "api." in front, and that of
    # Organizations became the home region's.
    return service in ("ecr", "sagemaker", "organizations") and "dualstack" in kind


def endpoint_of(provider, region, fips, dual_stack, **more):
    endpoint = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack,
                                         **more)
    schemes = endpoint.properties.get("authSchemes") or [{}]
    host = endpoint.url.removeprefix("https://")
    return host, schemes[0].get("signingRegion", region)


def show(provider, prefix, service, regions, legacy):
    more = {"UseGlobalEndpoint": True} if legacy else {}
    for region in regions:
        for kind, fips, dual_stack in KINDS:
            if left_out(service, region, kind):
                continue
            try:
                found = endpoint_of(provider, region, fips, dual_stack, **more)
            except EndpointProviderError:
                continue
            print(prefix, region, ("legacy-" if legacy else "") + kind, *found, sep="\t")


def main():
    loader = botocore.session.Session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    print("# service region kind host signing-region; see tests/support/make_endpoint_golden.py")
    for service in SERVICES:
        prefix = loader.load_service_model(service, "service-2")["metadata"]["endpointPrefix"]
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        provider = EndpointProvider(rules, partitions)
        show(provider, prefix, service, REGIONS, legacy=False)
        if service == "sts":
            show(provider, prefix, service, (*REGIONS, *MORE_FOR_STS), legacy=True)


main()
