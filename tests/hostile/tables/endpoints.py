"""Endpoint configurations and endpoints.

source    autopilot.md 1.2, 1.4 and 4.3; docs/endpoints.md says what is not served
"""

from __future__ import annotations

from typing import Any

from api.world import config_request, variant
from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.wording import FALSE_ALONE, LEFT_OUT, ROOT, could_not_find


def _config(name: str, text: str, **changes: Any) -> Case:
    return invalid(
        name, sagemaker("CreateEndpointConfig", **config_request("new", **changes)), text
    )


def _variant(name: str, text: str, **changes: Any) -> Case:
    return _config(name, text, ProductionVariants=[variant(**changes)])


def _serverless(name: str, text: str, memory: int = 2048, most: int = 5, **changes: Any) -> Case:
    config = {"MemorySizeInMB": memory, "MaxConcurrency": most, **changes}
    one = {"VariantName": "v", "ModelName": "m", "ServerlessConfig": config}
    return _config(name, text, ProductionVariants=[one])


_NO_CONFIG = could_not_find("endpoint configuration", "endpoint-config", "nope")

_CONFIGS = (
    invalid(
        "a configuration's name in use",
        sagemaker("CreateEndpointConfig", **config_request("c")),
        f'Cannot create already existing endpoint configuration "{ROOT}:endpoint-config/c".',
    ),
    invalid(
        "a configuration that there is not",
        sagemaker("DescribeEndpointConfig", EndpointConfigName="nope"),
        _NO_CONFIG,
    ),
    invalid(
        "the end of a configuration that there is not",
        sagemaker("DeleteEndpointConfig", EndpointConfigName="nope"),
        _NO_CONFIG,
    ),
    _variant(
        "a variant of a model that there is not",
        could_not_find("model", "model", "nope"),
        ModelName="nope",
    ),
    _variant(
        "a variant of another account's model",
        could_not_find("model", "model", "theirs"),
        ModelName="theirs",
    ),
    _variant(
        "a variant without a model",
        "The member 'productionVariants.1.member.modelName' must be specified: endpoints with inference components are "
        "not supported by this server.",
        ModelName=None,
    ),
    _config(
        "two variants of one name",
        "The variant name 'AllTraffic' is given more than once in ProductionVariants.",
        ProductionVariants=[variant(), variant()],
    ),
    _variant(
        "no weight at all",
        "At least one of ProductionVariants must have an InitialVariantWeight above 0.",
        InitialVariantWeight=0,
    ),
    _serverless(
        "memory that is none of the sizes",
        "Value '2000' at 'productionVariants.1.member.serverlessConfig.memorySizeInMB' failed to satisfy constraint: "
        "Member must be one of [1024, 2048, 3072, 4096, 5120, 6144].",
        memory=2000,
    ),
    _serverless(
        "more provisioned than at once",
        "'productionVariants.1.member.serverlessConfig.provisionedConcurrency' must be at most its maxConcurrency, 5.",
        ProvisionedConcurrency=6,
    ),
    _variant(
        "serverless on instances",
        "The members 'productionVariants.1.member.initialInstanceCount' and 'productionVariants.1.member.serverlessConfig' "
        "cannot be given together: a serverless variant has no instances. The members "
        "'productionVariants.1.member.instanceType' and 'productionVariants.1.member.serverlessConfig' cannot be given "
        "together: a serverless variant has no instances.",
        ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    ),
    _config(
        "captured data",
        f"The member 'dataCaptureConfig' {LEFT_OUT}",
        DataCaptureConfig={
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://results/x",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    ),
    _config(
        "keys for an endpoint",
        "The KMS key 'alias/k' at 'kmsKeyId' cannot be used: Alias arn:aws:kms:us-east-1:111122223333:alias/k is not found.",
        KmsKeyId="alias/k",
    ),
    _config(
        "answers later",
        f"The member 'asyncInferenceConfig' {LEFT_OUT}",
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://results/x"}},
    ),
    _config(
        "a shadow with the name of what it shadows",
        "The variant name 'AllTraffic' is given more than once in ProductionVariants and ShadowProductionVariants.",
        ShadowProductionVariants=[variant("AllTraffic")],
    ),
    _config(
        "two shadows",
        "With ShadowProductionVariants, there must be one variant in it and one in ProductionVariants, whose requests it is "
        "sent; there are 2 and 1.",
        ShadowProductionVariants=[variant("one"), variant("other")],
    ),
    _config(
        "an isolated endpoint",
        f"Value 'true' at 'enableNetworkIsolation' {FALSE_ALONE}",
        EnableNetworkIsolation=True,
    ),
    _variant(
        "an accelerator",
        f"The member 'productionVariants.1.member.acceleratorType' {LEFT_OUT}",
        AcceleratorType="ml.eia2.medium",
    ),
    _variant(
        "a shell in the container",
        f"Value 'true' at 'productionVariants.1.member.enableSSMAccess' {FALSE_ALONE}",
        EnableSSMAccess=True,
    ),
    _variant(
        "a disk",
        f"The member 'productionVariants.1.member.volumeSizeInGB' {LEFT_OUT}",
        VolumeSizeInGB=10,
    ),
)


def _endpoint(name: str, operation: str, text: str, **members: Any) -> Case:
    return invalid(name, sagemaker(operation, **members), text)


def _update(name: str, endpoint: str, text: str, config: str = "c", **members: Any) -> Case:
    return _endpoint(
        name, "UpdateEndpoint", text, EndpointName=endpoint, EndpointConfigName=config, **members
    )


def _rescale(name: str, text: str, *wishes: dict[str, Any], endpoint: str = "live") -> Case:
    return _endpoint(
        name,
        "UpdateEndpointWeightsAndCapacities",
        text,
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=list(wishes),
    )


_NO_ENDPOINT = could_not_find("endpoint", "endpoint", "nope")

_GUARDRAILS = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1}
    }
}

_LIMIT = (
    "The account-level service limit 'instances for endpoint usage' is 20 Instances, with current utilization of {used} "
    "Instances and a request delta of {delta} Instances. Raise it in the server's configuration, section [limits]."
)


def _too_many(name: str, operation: str, used: int, delta: int, **members: Any) -> Case:
    text = _LIMIT.format(used=used, delta=delta)
    return Case(name, sagemaker(operation, **members), 400, "ResourceLimitExceeded", text)


_ENDPOINTS = (
    _endpoint(
        "an endpoint's name in use",
        "CreateEndpoint",
        f'Cannot create already existing endpoint "{ROOT}:endpoint/live".',
        EndpointName="Live",
        EndpointConfigName="c",
    ),
    _endpoint(
        "an endpoint of a configuration that there is not",
        "CreateEndpoint",
        _NO_CONFIG,
        EndpointName="new",
        EndpointConfigName="nope",
    ),
    _endpoint(
        "an endpoint of a model that is gone",
        "CreateEndpoint",
        could_not_find("model", "model", "gone"),
        EndpointName="new",
        EndpointConfigName="orphan",
    ),
    _endpoint(
        "guardrails",
        "CreateEndpoint",
        f"The member 'deploymentConfig' {LEFT_OUT}",
        EndpointName="new",
        EndpointConfigName="c",
        DeploymentConfig=_GUARDRAILS,
    ),
    _endpoint(
        "an endpoint that there is not", "DescribeEndpoint", _NO_ENDPOINT, EndpointName="nope"
    ),
    _endpoint(
        "the end of an endpoint that there is not",
        "DeleteEndpoint",
        _NO_ENDPOINT,
        EndpointName="nope",
    ),
    _too_many(
        "more instances than there may be",
        "CreateEndpoint",
        6,
        21,
        EndpointName="new",
        EndpointConfigName="too-many",
    ),
    _update("a change of an endpoint that there is not", "nope", _NO_ENDPOINT),
    _update("a change to a configuration that there is not", "live", _NO_CONFIG, "nope"),
    _update(
        "a change while it is made",
        "starting",
        f'Cannot update in-progress endpoint "{ROOT}:endpoint/starting".',
    ),
    _update(
        "a change of one that failed",
        "broken",
        f'Cannot update endpoint "{ROOT}:endpoint/broken" in status Failed: it must be InService.',
    ),
    _update(
        "a change with guardrails",
        "live",
        f"The member 'deploymentConfig' {LEFT_OUT}",
        DeploymentConfig=_GUARDRAILS,
    ),
    _update(
        "guardrails of before",
        "live",
        f"Value 'true' at 'retainDeploymentConfig' {FALSE_ALONE}",
        RetainDeploymentConfig=True,
    ),
    _too_many(
        "a change to too many instances",
        "UpdateEndpoint",
        5,
        21,
        EndpointName="live",
        EndpointConfigName="too-many",
    ),
    _too_many(
        "too many instances asked for",
        "UpdateEndpointWeightsAndCapacities",
        5,
        2_000_000_000,
        EndpointName="live",
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "DesiredInstanceCount": 2_000_000_000}
        ],
    ),
    _rescale(
        "weights of variants that there are not",
        'The variant name(s) "a, b" is/are not present within endpoint configuration "c".',
        {"VariantName": "b", "DesiredWeight": 1},
        {"VariantName": "a", "DesiredWeight": 1},
    ),
    _rescale(
        "a variant twice",
        "The variant name 'AllTraffic' is given more than once in DesiredWeightsAndCapacities.",
        {"VariantName": "AllTraffic", "DesiredWeight": 1},
        {"VariantName": "AllTraffic", "DesiredWeight": 2},
    ),
    _rescale(
        "no instance left",
        "The DesiredInstanceCount of the variant 'AllTraffic' must be 1 or more.",
        {"VariantName": "AllTraffic", "DesiredInstanceCount": 0},
    ),
    _rescale(
        "no weight left",
        "At least one variant must have a DesiredWeight above 0.",
        {"VariantName": "AllTraffic", "DesiredWeight": 0},
    ),
    _rescale(
        "concurrency of instances",
        "The variant 'AllTraffic' is not serverless: leave out its ServerlessUpdateConfig.",
        {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 1}},
    ),
    _rescale(
        "instances of a serverless variant",
        "The variant 'OnDemand' is serverless and has no instances: leave out its DesiredInstanceCount.",
        {"VariantName": "OnDemand", "DesiredInstanceCount": 1},
        endpoint="serverless",
    ),
    _rescale(
        "more provisioned than at once, later",
        "The ProvisionedConcurrency of the variant 'OnDemand', 9, must be at most its MaxConcurrency, 5.",
        {"VariantName": "OnDemand", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 9}},
        endpoint="serverless",
    ),
)

CASES = (
    *_CONFIGS,
    *_ENDPOINTS,
)
