"""Models, endpoint configurations and endpoints.

source    autopilot.md 1.2, 1.4, 4.3; docs/endpoints.md says what is not served
"""

from __future__ import annotations

from typing import Any

from api.world import IMAGE, MODEL_DATA, READER, config_request, model_request, variant
from hostile.asking import sagemaker
from hostile.case import Case, invalid

_ROOT = "arn:aws:sagemaker:us-east-1:111122223333"
_LEFT_OUT = "is not supported by this server yet: leave it out."
_FALSE = "is not supported by this server yet: leave it out or choose one of: false."


def _model(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateModel", **model_request("new", **changes)), text)


def _container(name: str, text: str, **changes: Any) -> Case:
    container = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA, **changes}
    return _model(name, text, PrimaryContainer=container)


def _containers(name: str, text: str, *containers: dict[str, Any], **changes: Any) -> Case:
    request = {"ModelName": "new", "Containers": list(containers), **changes}
    return invalid(name, sagemaker("CreateModel", **request), text)


_CONTAINER = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}
_CANDIDATES = "choose one of the InferenceContainers of a candidate."


def _missing(what: str, kind: str, name: str) -> str:
    return f'Could not find {what} "{_ROOT}:{kind}/{name}".'


_MODELS = (
    invalid(
        "a model's name in use",
        sagemaker("CreateModel", **model_request("m")),
        f'Cannot create already existing model "{_ROOT}:model/m".',
    ),
    invalid(
        "a model's name in use, in capitals",
        sagemaker("CreateModel", **model_request("TAGGED")),
        f'Cannot create already existing model "{_ROOT}:model/tagged".',
    ),
    invalid(
        "a model that there is not",
        sagemaker("DescribeModel", ModelName="nope"),
        _missing("model", "model", "nope"),
    ),
    invalid(
        "the model of another account",
        sagemaker("DescribeModel", ModelName="theirs"),
        _missing("model", "model", "theirs"),
    ),
    invalid(
        "the end of a model that there is not",
        sagemaker("DeleteModel", ModelName="nope"),
        _missing("model", "model", "nope"),
    ),
    invalid(
        "the end of another account's model",
        sagemaker("DeleteModel", ModelName="theirs"),
        _missing("model", "model", "theirs"),
    ),
    invalid(
        "no container",
        sagemaker("CreateModel", ModelName="new"),
        "Either PrimaryContainer or Containers must be specified.",
    ),
    _model(
        "one container and several",
        "Specify either PrimaryContainer or Containers, not both.",
        Containers=[_CONTAINER],
    ),
    _containers(
        "an empty container",
        "The member 'containers.1.member.image' must be specified. The member 'containers.1.member.modelDataUrl' must be specified.",
        {},
    ),
    _container(
        "a model of no data",
        "The member 'primaryContainer.modelDataUrl' must be specified.",
        ModelDataUrl=None,
    ),
    _container(
        "data that there are not",
        "Could not find model data at s3://results/nope.tar.gz.",
        ModelDataUrl="s3://results/nope.tar.gz",
    ),
    _container(
        "data at a path of dots",
        "Could not find model data at s3://results/../data/train/part-0.csv.",
        ModelDataUrl="s3://results/../data/train/part-0.csv",
    ),
    _container(
        "data over https",
        "Value 'https://results/m.tar.gz' at 'primaryContainer.modelDataUrl' is not of the form s3://BUCKET/KEY.",
        ModelDataUrl="https://results/m.tar.gz",
    ),
    _container(
        "the data of another account",
        'Access denied: the role "arn:aws:iam::111122223333:role/windvane" has no "s3:GetObject" permission on bucket '
        '"theirs". The bucket belongs to another account.',
        ModelDataUrl="s3://theirs/a.csv",
    ),
    _model(
        "a role that may not read the data",
        f'Access denied: the role "{READER}" has no "s3:GetObject" permission on bucket "results". The role\'s '
        "declaration does not name the bucket.",
        ExecutionRoleArn=READER,
    ),
    _container(
        "an image of somebody's",
        f"The image 'docker.io/evil:latest' at 'primaryContainer.image' is not supported by this server: {_CANDIDATES}",
        Image="docker.io/evil:latest",
    ),
    _container(
        "an image of Amazon's",
        "The image '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.3-1-cpu-py3' at "
        "'primaryContainer.image' is not supported by this server, which pulls no images: what does its work here is "
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-xgboost:1-cpu-py3.",
        Image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.3-1-cpu-py3",
    ),
    _container(
        "an image of ours that serves nothing",
        f"The image '{IMAGE.replace('xgboost', 'explainer')}' at 'primaryContainer.image' is not supported by this "
        f"server: {_CANDIDATES}",
        Image=IMAGE.replace("xgboost", "explainer"),
    ),
    _container(
        "an image with something behind it",
        f"The image '{IMAGE}@sha256:0' at 'primaryContainer.image' is not supported by this server: {_CANDIDATES}",
        Image=f"{IMAGE}@sha256:0",
    ),
    _container(
        "many models in one container",
        "Value 'MultiModel' at 'primaryContainer.mode' is not supported by this server yet: leave it out or choose one "
        "of: SingleModel.",
        Mode="MultiModel",
    ),
    _container(
        "a model package",
        f"The member 'primaryContainer.modelPackageName' {_LEFT_OUT}",
        ModelPackageName="p",
    ),
    _container(
        "a private registry",
        "Value 'Vpc' at 'primaryContainer.imageConfig.repositoryAccessMode' is not supported by this server yet: leave it "
        "out or choose one of: Platform.",
        ImageConfig={"RepositoryAccessMode": "Vpc"},
    ),
    _container(
        "data in a structure",
        f"The member 'primaryContainer.modelDataSource' {_LEFT_OUT}",
        ModelDataSource={
            "S3DataSource": {
                "S3Uri": "s3://results/m",
                "S3DataType": "S3Prefix",
                "CompressionType": "None",
            }
        },
    ),
    _model(
        "a network of its own",
        f"Value 'true' at 'enableNetworkIsolation' {_FALSE}",
        EnableNetworkIsolation=True,
    ),
    _model(
        "a private network",
        f"The member 'vpcConfig' {_LEFT_OUT}",
        VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    ),
    _containers(
        "containers one by one",
        "Value 'Direct' at 'inferenceExecutionConfig.mode' is not supported by this server: the containers of a candidate "
        "make one pipeline and cannot be invoked one by one. Leave it out or choose Serial.",
        _CONTAINER,
        InferenceExecutionConfig={"Mode": "Direct"},
    ),
    _containers(
        "two containers of one name",
        "The ContainerHostname 'a' is given more than once in Containers.",
        {**_CONTAINER, "ContainerHostname": "a"},
        {**_CONTAINER, "ContainerHostname": "a"},
    ),
    _containers(
        "a container without a name beside one with",
        "If one of Containers has a ContainerHostname, each of them must have one.",
        {**_CONTAINER, "ContainerHostname": "a"},
        _CONTAINER,
    ),
    _model(
        "a tag of Amazon's on a model",
        "Value 'aws:x' at 'tags.1.member.key' starts with 'aws:', which is reserved for AWS.",
        Tags=[{"Key": "aws:x", "Value": "1"}],
    ),
)


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


_NO_CONFIG = _missing("endpoint configuration", "endpoint-config", "nope")

_CONFIGS = (
    invalid(
        "a configuration's name in use",
        sagemaker("CreateEndpointConfig", **config_request("c")),
        f'Cannot create already existing endpoint configuration "{_ROOT}:endpoint-config/c".',
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
        _missing("model", "model", "nope"),
        ModelName="nope",
    ),
    _variant(
        "a variant of another account's model",
        _missing("model", "model", "theirs"),
        ModelName="theirs",
    ),
    _variant(
        "a variant without a model",
        "The member 'productionVariants.1.member.modelName' must be specified: endpoints with inference components are "
        "not supported by this server yet.",
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
        f"The member 'dataCaptureConfig' {_LEFT_OUT}",
        DataCaptureConfig={
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://results/x",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    ),
    _config("keys for an endpoint", f"The member 'kmsKeyId' {_LEFT_OUT}", KmsKeyId="alias/k"),
    _config(
        "answers later",
        f"The member 'asyncInferenceConfig' {_LEFT_OUT}",
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://results/x"}},
    ),
    _config(
        "a shadow",
        f"The member 'shadowProductionVariants' {_LEFT_OUT}",
        ShadowProductionVariants=[variant("shadow")],
    ),
    _config(
        "an isolated endpoint",
        f"Value 'true' at 'enableNetworkIsolation' {_FALSE}",
        EnableNetworkIsolation=True,
    ),
    _variant(
        "an accelerator",
        f"The member 'productionVariants.1.member.acceleratorType' {_LEFT_OUT}",
        AcceleratorType="ml.eia2.medium",
    ),
    _variant(
        "a shell in the container",
        f"Value 'true' at 'productionVariants.1.member.enableSSMAccess' {_FALSE}",
        EnableSSMAccess=True,
    ),
    _variant(
        "a disk",
        f"The member 'productionVariants.1.member.volumeSizeInGB' {_LEFT_OUT}",
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


_NO_ENDPOINT = _missing("endpoint", "endpoint", "nope")
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
        f'Cannot create already existing endpoint "{_ROOT}:endpoint/live".',
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
        _missing("model", "model", "gone"),
        EndpointName="new",
        EndpointConfigName="orphan",
    ),
    _endpoint(
        "guardrails",
        "CreateEndpoint",
        f"The member 'deploymentConfig' {_LEFT_OUT}",
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
        f'Cannot update in-progress endpoint "{_ROOT}:endpoint/starting".',
    ),
    _update(
        "a change of one that failed",
        "broken",
        f'Cannot update endpoint "{_ROOT}:endpoint/broken" in status Failed: it must be InService.',
    ),
    _update(
        "a change with guardrails",
        "live",
        f"The member 'deploymentConfig' {_LEFT_OUT}",
        DeploymentConfig=_GUARDRAILS,
    ),
    _update(
        "guardrails of before",
        "live",
        f"Value 'true' at 'retainDeploymentConfig' {_FALSE}",
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

CASES = (*_MODELS, *_CONFIGS, *_ENDPOINTS)
