"""Members that break a constraint of the service model: every operation, every kind of constraint.

source    constraints: the service model; grammar: autopilot.md 1.3
"""

from __future__ import annotations

from typing import Any

from api.steps import channel as training_channel
from api.steps import split_request, step_input, training_request
from api.world import channel, config_request, job_request, model_request, variant
from hostile.asking import logs, sagemaker
from hostile.case import Case, invalid
from hostile.grammar import (
    detected,
    items,
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
from hostile.requests import transform_request, v2_request

_LONG = "n" * 64


def _one(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return invalid(name, sagemaker(operation, **members), detected(*faults))


def _named(operation: str, member: str, limit: int, shape: str) -> tuple[Case, ...]:
    """What any name of a resource must not be."""
    path = member[0].lower() + member[1:]
    if member.startswith("AutoML"):
        path = f"autoML{member[6:]}"
    told = f"{operation}: "
    rest = _REST.get(operation, {})

    def given(text: str) -> dict[str, Any]:
        return {**rest, member: text}

    bad = pattern(shape)
    return (
        _one(f"{told}no name", operation, dict(rest), null(path)),
        _one(
            f"{told}a name too long",
            operation,
            given("n" * (limit + 1)),
            value("n" * (limit + 1), path, longest(limit)),
            *_too_long(shape, "n" * (limit + 1), path),
        ),
        _one(f"{told}a name of a path", operation, given("../etc"), value("../etc", path, bad)),
        _one(f"{told}a name with a line break", operation, given("a\nb"), value("a\nb", path, bad)),
        _one(
            f"{told}a name that ends in a line break",
            operation,
            given("a\n"),
            value("a\n", path, bad),
        ),
        _one(
            f"{told}a name of SQL",
            operation,
            given("a' OR '1'='1"),
            value("a' OR '1'='1", path, bad),
        ),
    )


def _too_long(shape: str, text: str, path: str) -> tuple[str, ...]:
    """Patterns that count for themselves are broken too."""
    return (value(text, path, pattern(shape)),) if shape in _COUNTING else ()


_COUNTING = (
    "AutoMLJobName",
    "EndpointName",
    "EndpointConfigName",
    "ProcessingJobName",
    "TrainingJobName",
    "TransformJobName",
)

_REST = {
    "CreateEndpoint": {"EndpointConfigName": "c"},
    "UpdateEndpoint": {"EndpointConfigName": "c"},
}

_NAMES = (
    *_named("DescribeAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("DescribeAutoMLJobV2", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("StopAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("ListCandidatesForAutoMLJob", "AutoMLJobName", 32, "AutoMLJobName"),
    *_named("DescribeModel", "ModelName", 63, "ModelName"),
    *_named("DeleteModel", "ModelName", 63, "ModelName"),
    *_named("DescribeEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("DeleteEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("CreateEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("UpdateEndpoint", "EndpointName", 63, "EndpointName"),
    *_named("DescribeEndpointConfig", "EndpointConfigName", 63, "EndpointConfigName"),
    *_named("DeleteEndpointConfig", "EndpointConfigName", 63, "EndpointConfigName"),
    *_named("DescribeTrainingJob", "TrainingJobName", 63, "TrainingJobName"),
    *_named("StopTrainingJob", "TrainingJobName", 63, "TrainingJobName"),
    *_named("DescribeProcessingJob", "ProcessingJobName", 63, "ProcessingJobName"),
    *_named("StopProcessingJob", "ProcessingJobName", 63, "ProcessingJobName"),
    *_named("DescribeTransformJob", "TransformJobName", 63, "TransformJobName"),
    *_named("StopTransformJob", "TransformJobName", 63, "TransformJobName"),
)


def _job(name: str, *faults: str, **changes: Any) -> Case:
    return _one(name, "CreateAutoMLJob", job_request("new", **changes), *faults)


def _channel(name: str, *faults: str, **changes: Any) -> Case:
    return _job(name, *faults, InputDataConfig=[channel(**changes)])


def _config(name: str, *faults: str, **config: Any) -> Case:
    return _job(name, *faults, AutoMLJobConfig=config)


_FIRST = "inputDataConfig.1.member"
_CRITERIA = "autoMLJobConfig.completionCriteria"
_SOURCE = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train/"}

_JOBS = (
    _one(
        "a job of nothing",
        "CreateAutoMLJob",
        {},
        null("autoMLJobName"),
        null("inputDataConfig"),
        null("outputDataConfig"),
        null("roleArn"),
    ),
    _job("no channels", value("[]", "inputDataConfig", shortest(1)), InputDataConfig=[]),
    _job(
        "three channels",
        value("[{}, {}, {}]", "inputDataConfig", longest(2)),
        *(null(f"inputDataConfig.{i}.member.targetAttributeName") for i in (1, 2, 3)),
        InputDataConfig=[{}] * 3,
    ),
    _channel(
        "an empty target",
        value("", f"{_FIRST}.targetAttributeName", shortest(1)),
        TargetAttributeName="",
    ),
    _channel(
        "a source of a type that is none",
        value(
            "Folder", f"{_FIRST}.dataSource.s3DataSource.s3DataType", options("AutoMLS3DataType")
        ),
        kind="Folder",
    ),
    _channel(
        "an address of another kind",
        value("ftp://data/train", f"{_FIRST}.dataSource.s3DataSource.s3Uri", pattern("S3Uri")),
        uri="ftp://data/train",
    ),
    _channel(
        "a channel of a type that is none",
        value("testing", f"{_FIRST}.channelType", options("AutoMLChannelType")),
        ChannelType="testing",
    ),
    _channel(
        "a compression that is none",
        value("Zip", f"{_FIRST}.compressionType", options("CompressionType")),
        CompressionType="Zip",
    ),
    _channel(
        "a content type too long",
        value("t" * 257, f"{_FIRST}.contentType", longest(256)),
        ContentType="t" * 257,
    ),
    _channel(
        "a column of weights with a space",
        value(
            "the weight",
            f"{_FIRST}.sampleWeightAttributeName",
            pattern("SampleWeightAttributeName"),
        ),
        SampleWeightAttributeName="the weight",
    ),
    _channel(
        "a source without a type",
        null(f"{_FIRST}.dataSource.s3DataSource.s3DataType"),
        DataSource={"S3DataSource": {"S3Uri": "s3://data/train/"}},
    ),
    _channel(
        "a source without an address",
        null(f"{_FIRST}.dataSource.s3DataSource.s3Uri"),
        DataSource={"S3DataSource": {"S3DataType": "S3Prefix"}},
    ),
    _channel("a source that is empty", null(f"{_FIRST}.dataSource.s3DataSource"), DataSource={}),
    _job("no place for the output", null("outputDataConfig.s3OutputPath"), OutputDataConfig={}),
    _job(
        "an output that is no S3",
        value("file:///etc", "outputDataConfig.s3OutputPath", pattern("S3Uri")),
        OutputDataConfig={"S3OutputPath": "file:///etc"},
    ),
    _job(
        "a key of a kilometre",
        value(f"{'k' * 1024}...", "outputDataConfig.kmsKeyId", longest(2048)),
        OutputDataConfig={"S3OutputPath": "s3://results/x", "KmsKeyId": "k" * 2049},
    ),
    _job(
        "a role that is none",
        value("a role that is not an ARN", "roleArn", pattern("RoleArn")),
        RoleArn="a role that is not an ARN",
    ),
    _job(
        "a role too short",
        value("role", "roleArn", shortest(20)),
        value("role", "roleArn", pattern("RoleArn")),
        RoleArn="role",
    ),
    _job(
        "a problem that is none",
        value("Clustering", "problemType", options("ProblemType")),
        ProblemType="Clustering",
    ),
    _job(
        "a metric that is none",
        value("Fun", "autoMLJobObjective.metricName", options("AutoMLMetricEnum")),
        AutoMLJobObjective={"MetricName": "Fun"},
    ),
    _job(
        "an objective without a metric",
        null("autoMLJobObjective.metricName"),
        AutoMLJobObjective={},
    ),
    _config(
        "no candidates",
        value("0", f"{_CRITERIA}.maxCandidates", least(1)),
        CompletionCriteria={"MaxCandidates": 0},
    ),
    _config(
        "a thousand candidates",
        value("1000", f"{_CRITERIA}.maxCandidates", most(750)),
        CompletionCriteria={"MaxCandidates": 1000},
    ),
    _config(
        "no time",
        value("0", f"{_CRITERIA}.maxAutoMLJobRuntimeInSeconds", least(1)),
        CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 0},
    ),
    _config(
        "no time for a candidate",
        value("-5", f"{_CRITERIA}.maxRuntimePerTrainingJobInSeconds", least(1)),
        CompletionCriteria={"MaxRuntimePerTrainingJobInSeconds": -5},
    ),
    _config(
        "a mode that is none",
        value("FAST", "autoMLJobConfig.mode", options("AutoMLMode")),
        Mode="FAST",
    ),
    _config(
        "an algorithm that is none",
        value(
            "[gpt]",
            "autoMLJobConfig.candidateGenerationConfig.algorithmsConfig.1.member.autoMLAlgorithms",
            items(options("AutoMLAlgorithm")),
        ),
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["gpt"]}]},
    ),
    _config(
        "a negative share",
        value("-0.1", "autoMLJobConfig.dataSplitConfig.validationFraction", least(0)),
        DataSplitConfig={"ValidationFraction": -0.1},
    ),
    _config(
        "a share of more than all",
        value("1.5", "autoMLJobConfig.dataSplitConfig.validationFraction", most(1)),
        DataSplitConfig={"ValidationFraction": 1.5},
    ),
    _config(
        "no security group",
        value("[]", "autoMLJobConfig.securityConfig.vpcConfig.securityGroupIds", shortest(1)),
        SecurityConfig={"VpcConfig": {"SecurityGroupIds": [], "Subnets": ["s"]}},
    ),
    _job(
        "an endpoint with a name of markup",
        value("<b>", "modelDeployConfig.endpointName", pattern("EndpointName")),
        ModelDeployConfig={"EndpointName": "<b>"},
    ),
    _job(
        "every member wrong at once",
        value("a_b", "autoMLJobName", pattern("AutoMLJobName")),
        value("x", f"{_FIRST}.channelType", options("AutoMLChannelType")),
        value("s3:/x", "outputDataConfig.s3OutputPath", pattern("S3Uri")),
        value("x", "problemType", options("ProblemType")),
        AutoMLJobName="a_b",
        InputDataConfig=[channel(ChannelType="x")],
        OutputDataConfig={"S3OutputPath": "s3:/x"},
        ProblemType="x",
    ),
    _one(
        "a V2 job of nothing",
        "CreateAutoMLJobV2",
        {},
        null("autoMLJobName"),
        null("autoMLJobInputDataConfig"),
        null("outputDataConfig"),
        null("autoMLProblemTypeConfig"),
        null("roleArn"),
    ),
    _one(
        "a V2 job of two problems",
        "CreateAutoMLJobV2",
        v2_request(
            "new",
            AutoMLProblemTypeConfig={
                "TabularJobConfig": {"TargetAttributeName": "y"},
                "ImageClassificationJobConfig": {},
            },
        ),
        "Value '{ImageClassificationJobConfig={}, TabularJobConfig={TargetAttributeName=y}}' at 'autoMLProblemTypeConfig' failed to satisfy constraint: Exactly one of "
        "[ImageClassificationJobConfig, TextClassificationJobConfig, TimeSeriesForecastingJobConfig, TabularJobConfig, TextGenerationJobConfig] must be set",
    ),
    _one(
        "a V2 job of tables without a target",
        "CreateAutoMLJobV2",
        v2_request("new", AutoMLProblemTypeConfig={"TabularJobConfig": {}}),
        null("autoMLProblemTypeConfig.tabularJobConfig.targetAttributeName"),
    ),
)


def _tags(name: str, tags: Any, *faults: str) -> Case:
    members = {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "Tags": tags}
    return _one(name, "AddTags", members, *faults)


_TAGS = (
    _one("tags for nothing", "AddTags", {}, null("resourceArn"), null("tags")),
    _tags("a tag without a value", [{"Key": "a"}], null("tags.1.member.value")),
    _tags("a tag without a key", [{"Value": "a"}], null("tags.1.member.key")),
    _tags(
        "a tag with an empty key",
        [{"Key": "", "Value": "v"}],
        value("", "tags.1.member.key", shortest(1)),
    ),
    _tags(
        "a tag with a long key",
        [{"Key": "k" * 129, "Value": "v"}],
        value("k" * 129, "tags.1.member.key", longest(128)),
    ),
    _tags(
        "a tag with a long value",
        [{"Key": "k", "Value": "v" * 257}],
        value("v" * 257, "tags.1.member.value", longest(256)),
    ),
    _tags(
        "a tag of control characters",
        [{"Key": "a\tb\x7f", "Value": "v"}],
        value("a\tb\x7f", "tags.1.member.key", pattern("TagKey")),
    ),
    _tags(
        "a tag of markup",
        [{"Key": "<b>", "Value": "v"}],
        value("<b>", "tags.1.member.key", pattern("TagKey")),
    ),
    _tags(
        "a second tag that is wrong",
        [{"Key": "a", "Value": "v"}, {"Key": "b", "Value": "{}"}],
        value("{}", "tags.2.member.value", pattern("TagValue")),
    ),
    _one(
        "an ARN too long",
        "ListTags",
        {"ResourceArn": "a" * 257},
        value("a" * 257, "resourceArn", longest(256)),
        value("a" * 257, "resourceArn", pattern("ResourceArn")),
    ),
    _one(
        "a page of tags too small",
        "ListTags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "MaxResults": 1},
        value("1", "maxResults", least(50)),
    ),
    _one(
        "no tags to delete",
        "DeleteTags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "TagKeys": []},
        value("[]", "tagKeys", shortest(1)),
    ),
)


_LISTS = (
    *(
        _one(
            f"{operation}: no results",
            operation,
            {"MaxResults": 0},
            value("0", "maxResults", least(1)),
        )
        for operation in (
            "ListAutoMLJobs",
            "ListModels",
            "ListEndpoints",
            "ListEndpointConfigs",
            "ListTrainingJobs",
            "ListProcessingJobs",
            "ListTransformJobs",
        )
    ),
    *(
        _one(
            f"{operation}: results without end",
            operation,
            {"MaxResults": 101},
            value("101", "maxResults", most(100)),
        )
        for operation in (
            "ListAutoMLJobs",
            "ListModels",
            "ListEndpoints",
            "ListEndpointConfigs",
            "ListTrainingJobs",
            "ListProcessingJobs",
            "ListTransformJobs",
        )
    ),
    _one(
        "301 candidates",
        "ListCandidatesForAutoMLJob",
        {"AutoMLJobName": "churn", "MaxResults": 301},
        value("301", "maxResults", most(300)),
    ),
    _one(
        "an order of size",
        "ListAutoMLJobs",
        {"SortBy": "Size"},
        value("Size", "sortBy", options("AutoMLSortBy")),
    ),
    _one(
        "an order of SQL",
        "ListModels",
        {"SortBy": "Name; DROP TABLE resources"},
        value("Name; DROP TABLE resources", "sortBy", options("ModelSortKey")),
    ),
    _one(
        "a direction that is none",
        "ListEndpoints",
        {"SortOrder": "Upwards"},
        value("Upwards", "sortOrder", options("OrderKey")),
    ),
    _one(
        "a status that is none",
        "ListAutoMLJobs",
        {"StatusEquals": "Done"},
        value("Done", "statusEquals", options("AutoMLJobStatus")),
    ),
    _one(
        "a part of a name that is SQL",
        "ListEndpoints",
        {"NameContains": "%' --"},
        value("%' --", "nameContains", pattern("EndpointNameContains")),
    ),
    _one(
        "a part of a name too long",
        "ListAutoMLJobs",
        {"NameContains": _LONG},
        value(_LONG, "nameContains", longest(63)),
    ),
    _one(
        "a token too long",
        "ListAutoMLJobs",
        {"NextToken": "t" * 8193},
        value(f"{'t' * 1024}...", "nextToken", longest(8192)),
    ),
    _one(
        "five things wrong with a list",
        "ListAutoMLJobs",
        {
            "StatusEquals": "x",
            "SortOrder": "y",
            "SortBy": "z",
            "MaxResults": 0,
            "NameContains": "_",
        },
        value("_", "nameContains", pattern("AutoMLNameContains")),
        value("x", "statusEquals", options("AutoMLJobStatus")),
        value("y", "sortOrder", options("AutoMLSortOrder")),
        value("z", "sortBy", options("AutoMLSortBy")),
        value("0", "maxResults", least(1)),
    ),
)


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


def _logs(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return Case(
        name, logs(operation, **members), 400, "InvalidParameterException", detected(*faults)
    )


_GROUP = "/aws/sagemaker/AutoMLJobs"

_LOGS = (
    _logs(
        "a page of 51 groups", "DescribeLogGroups", {"limit": 51}, value("51", "limit", most(50))
    ),
    _logs("a page of no groups", "DescribeLogGroups", {"limit": 0}, value("0", "limit", least(1))),
    _logs(
        "a group of markup",
        "DescribeLogStreams",
        {"logGroupName": "<b>"},
        value("<b>", "logGroupName", pattern("LogGroupName", "logs")),
    ),
    _logs(
        "a group of nothing",
        "DescribeLogStreams",
        {"logGroupName": ""},
        value("", "logGroupName", shortest(1)),
        value("", "logGroupName", pattern("LogGroupName", "logs")),
    ),
    _logs(
        "an order of logs that is none",
        "DescribeLogStreams",
        {"logGroupName": _GROUP, "orderBy": "Size"},
        value("Size", "orderBy", options("OrderBy", "logs")),
    ),
    _logs("lines of no stream", "GetLogEvents", {"logGroupName": _GROUP}, null("logStreamName")),
    _logs(
        "a stream with an asterisk",
        "GetLogEvents",
        {"logGroupName": _GROUP, "logStreamName": "*"},
        value("*", "logStreamName", pattern("LogStreamName", "logs")),
    ),
    _logs(
        "10,001 lines",
        "GetLogEvents",
        {"logGroupName": _GROUP, "logStreamName": "churn", "limit": 10_001},
        value("10001", "limit", most(10_000)),
    ),
    _logs(
        "a time before all time",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "startTime": -1},
        value("-1", "startTime", least(0)),
    ),
    _logs(
        "a pattern too long",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "filterPattern": "a" * 1025},
        value(f"{'a' * 1024}...", "filterPattern", longest(1024)),
    ),
    _logs(
        "no streams to look through",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "logStreamNames": []},
        value("[]", "logStreamNames", shortest(1)),
    ),
)

CASES = (*_NAMES, *_JOBS, *_TAGS, *_LISTS, *_MODELS, *_CONFIGS, *_STEPS, *_LOGS)
