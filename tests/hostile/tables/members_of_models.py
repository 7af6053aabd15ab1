"""Members of models, endpoints and step jobs that break a constraint of the service model.

source    constraints: the service model; grammar: autopilot.md 1.3
"""

from __future__ import annotations

from typing import Any

from api.steps import channel as training_channel
from api.steps import split_request, step_input, training_request
from api.world import config_request, model_request, variant
from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.grammar import (
    detected,
    keys,
    least,
    longest,
    most,
    null,
    options,
    pattern,
    shortest,
    value,
    values,
)
from hostile.requests import transform_request


def _one(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return invalid(name, sagemaker(operation, **members), detected(*faults))


_FIRST = "inputDataConfig.1.member"

_SOURCE = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train/"}


def _model(name: str, *faults: str, **container: Any) -> Case:
    return _one(name, "CreateModel", model_request("new", PrimaryContainer=container), *faults)


_MODELS = (
    _model(
        "an image with a space",
        value("a b", "primaryContainer.image", pattern("ContainerImage")),
        Image="a b",
    ),
    _model(
        "an image too long",
        value("i" * 256, "primaryContainer.image", longest(255)),
        Image="i" * 256,
    ),
    _model(
        "model data of another kind",
        value("ftp://x/y", "primaryContainer.modelDataUrl", pattern("Url")),
        ModelDataUrl="ftp://x/y",
    ),
    _model(
        "a host name with a dot",
        value("a.b", "primaryContainer.containerHostname", pattern("ContainerHostname")),
        ContainerHostname="a.b",
    ),
    _model(
        "a mode of a container that is none",
        value("Both", "primaryContainer.mode", options("ContainerMode")),
        Mode="Both",
    ),
    _model(
        "a variable with a space in its name",
        value(
            "{A B=1}",
            "primaryContainer.environment",
            keys(longest(1024), shortest(0), pattern("EnvironmentKey")),
        ),
        Environment={"A B": "1"},
    ),
    _model(
        "a variable too long",
        f"Value '{{A={'v' * 1021}...' at 'primaryContainer.environment' failed to satisfy constraint: {values(longest(1024), shortest(0), pattern('EnvironmentValue'))}",
        Environment={"A": "v" * 1025},
    ),
    _model(
        "variables without end",
        f"Value '{('{' + ', '.join(f'A{i:03}=1' for i in range(101)) + '}')}' at 'primaryContainer.environment' failed to satisfy constraint: {longest(100)}",
        Environment={f"A{i:03}": "1" for i in range(101)},
    ),
    _one(
        "sixteen containers",
        "CreateModel",
        {"ModelName": "new", "Containers": [{}] * 16},
        value(f"[{'{}, ' * 15}{{}}]", "containers", longest(15)),
    ),
)


def _variant(name: str, *faults: str, **changes: Any) -> Case:
    request = config_request("new", ProductionVariants=[variant(**changes)])
    return _one(name, "CreateEndpointConfig", request, *faults)


_VARIANT = "productionVariants.1.member"

_CONFIGS = (
    _one(
        "no variants",
        "CreateEndpointConfig",
        {"EndpointConfigName": "new", "ProductionVariants": []},
        value("[]", "productionVariants", shortest(1)),
    ),
    _one(
        "eleven variants",
        "CreateEndpointConfig",
        {"EndpointConfigName": "new", "ProductionVariants": [{}] * 11},
        value(f"[{'{}, ' * 10}{{}}]", "productionVariants", longest(10)),
        *(null(f"productionVariants.{i}.member.variantName") for i in range(1, 12)),
    ),
    _variant(
        "a variant with a name of markup",
        value("<b>", f"{_VARIANT}.variantName", pattern("VariantName")),
        VariantName="<b>",
    ),
    _variant(
        "no instances",
        value("0", f"{_VARIANT}.initialInstanceCount", least(1)),
        InitialInstanceCount=0,
    ),
    _variant(
        "an instance that is none",
        value("my laptop", f"{_VARIANT}.instanceType", options("ProductionVariantInstanceType")),
        InstanceType="my laptop",
    ),
    _variant(
        "a negative weight",
        value("-1.0", f"{_VARIANT}.initialVariantWeight", least(0)),
        InitialVariantWeight=-1,
    ),
    _variant(
        "serverless without concurrency",
        null(f"{_VARIANT}.serverlessConfig.maxConcurrency"),
        ServerlessConfig={"MemorySizeInMB": 2048},
    ),
    _variant(
        "serverless with 201 at once",
        value("201", f"{_VARIANT}.serverlessConfig.maxConcurrency", most(200)),
        ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 201},
    ),
    _variant(
        "serverless with too little memory",
        value("1", f"{_VARIANT}.serverlessConfig.memorySizeInMB", least(1024)),
        ServerlessConfig={"MemorySizeInMB": 1, "MaxConcurrency": 1},
    ),
    _one(
        "weights for no variants",
        "UpdateEndpointWeightsAndCapacities",
        {"EndpointName": "live", "DesiredWeightsAndCapacities": []},
        value("[]", "desiredWeightsAndCapacities", shortest(1)),
    ),
    _one(
        "a negative number of instances",
        "UpdateEndpointWeightsAndCapacities",
        {
            "EndpointName": "live",
            "DesiredWeightsAndCapacities": [
                {"VariantName": "AllTraffic", "DesiredInstanceCount": -1}
            ],
        },
        value("-1", "desiredWeightsAndCapacities.1.member.desiredInstanceCount", least(0)),
    ),
    _one(
        "properties to keep that are none",
        "UpdateEndpoint",
        {
            "EndpointName": "live",
            "EndpointConfigName": "c",
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "Colour"}],
        },
        value(
            "Colour",
            "excludeRetainedVariantProperties.1.member.variantPropertyType",
            options("VariantPropertyType"),
        ),
    ),
)


def _training(name: str, *faults: str, **changes: Any) -> Case:
    return _one(name, "CreateTrainingJob", training_request("new", **changes), *faults)


def _processing(name: str, *faults: str, **changes: Any) -> Case:
    return _one(name, "CreateProcessingJob", split_request("new", **changes), *faults)


def _transform(name: str, *faults: str, **changes: Any) -> Case:
    return _one(name, "CreateTransformJob", transform_request("new", **changes), *faults)


_STEPS = (
    _training("a training job without a role", null("roleArn"), RoleArn=None),
    _training(
        "a channel with a slash",
        value("a/b", f"{_FIRST}.channelName", pattern("ChannelName")),
        InputDataConfig=[training_channel("a/b")],
    ),
    _training(
        "a channel without a name",
        null(f"{_FIRST}.channelName"),
        InputDataConfig=[{"DataSource": {"S3DataSource": _SOURCE}}],
    ),
    _training(
        "an input mode that is none",
        value("Tape", "algorithmSpecification.trainingInputMode", options("TrainingInputMode")),
        AlgorithmSpecification={"TrainingImage": "i", "TrainingInputMode": "Tape"},
    ),
    _training(
        "a hyperparameter too long",
        f"Value '{{a={'v' * 1021}...' at 'hyperParameters' failed to satisfy constraint: {values(longest(2500), shortest(0), pattern('HyperParameterValue'))}",
        HyperParameters={"a": "v" * 2501},
    ),
    _training(
        "no time to train",
        value("0", "stoppingCondition.maxRuntimeInSeconds", least(1)),
        StoppingCondition={"MaxRuntimeInSeconds": 0},
    ),
    _processing("no application", null("appSpecification"), AppSpecification=None),
    _processing(
        "eleven inputs",
        f"Value '[{('{InputName=a}, ' * 10)}{{InputName=a}}]' at 'processingInputs' failed to satisfy constraint: {longest(10)}",
        ProcessingInputs=[{"InputName": "a"}] * 11,
    ),
    _processing(
        "an input from nowhere",
        null("processingInputs.1.member.s3Input.s3Uri"),
        ProcessingInputs=[{"InputName": "a", "S3Input": {"S3DataType": "S3Prefix"}}],
    ),
    _processing(
        "a variable that begins with a digit",
        f"Value '{{1A=x}}' at 'environment' failed to satisfy constraint: {keys(longest(256), shortest(0), pattern('ProcessingEnvironmentKey'))}",
        Environment={"1A": "x"},
    ),
    _processing(
        "an instance of another service",
        value(
            "t2.micro",
            "processingResources.clusterConfig.instanceType",
            options("ProcessingInstanceType"),
        ),
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "t2.micro", "VolumeSizeInGB": 1}
        },
    ),
    _processing(
        "inputs of a mode that is none",
        value(
            "Tape",
            "processingInputs.1.member.s3Input.s3InputMode",
            options("ProcessingS3InputMode"),
        ),
        ProcessingInputs=[
            {
                "InputName": "t",
                "S3Input": {
                    **step_input("t", "s3://data/train/")["S3Input"],
                    "S3InputMode": "Tape",
                },
            }
        ],
    ),
    _one(
        "a transform job of nothing",
        "CreateTransformJob",
        {},
        *map(
            null,
            (
                "transformJobName",
                "modelName",
                "transformInput",
                "transformOutput",
                "transformResources",
            ),
        ),
    ),
    _transform(
        "a strategy that is none",
        value("AllRecords", "batchStrategy", options("BatchStrategy")),
        BatchStrategy="AllRecords",
    ),
    _transform("a negative payload", value("-1", "maxPayloadInMB", least(0)), MaxPayloadInMB=-1),
    _transform(
        "a filter too long",
        value("$" * 64, "dataProcessing.inputFilter", longest(63)),
        DataProcessing={"InputFilter": "$" * 64},
    ),
    _transform(
        "a join with the output",
        value("Output", "dataProcessing.joinSource", options("JoinSource")),
        DataProcessing={"JoinSource": "Output"},
    ),
)

CASES = (
    *_MODELS,
    *_CONFIGS,
    *_STEPS,
)
