"""Members of AutoML jobs that break a constraint of the service model.

source    constraints: the service model; grammar: autopilot.md 1.3
"""

from __future__ import annotations

from typing import Any

from api.world import channel, job_request
from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.grammar import (
    detected,
    items,
    least,
    longest,
    most,
    null,
    options,
    pattern,
    shortest,
    value,
)
from hostile.requests import v2_request


def _one(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return invalid(name, sagemaker(operation, **members), detected(*faults))


def _job(name: str, *faults: str, **changes: Any) -> Case:
    return _one(name, "CreateAutoMLJob", job_request("new", **changes), *faults)


def _channel(name: str, *faults: str, **changes: Any) -> Case:
    return _job(name, *faults, InputDataConfig=[channel(**changes)])


def _config(name: str, *faults: str, **config: Any) -> Case:
    return _job(name, *faults, AutoMLJobConfig=config)


_FIRST = "inputDataConfig.1.member"

_CRITERIA = "autoMLJobConfig.completionCriteria"

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

CASES = (*_JOBS,)
