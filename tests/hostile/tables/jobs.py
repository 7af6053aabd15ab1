"""CreateAutoMLJob and CreateAutoMLJobV2: what the service model allows and the service does not.

source    rules: autopilot.md 2.3, 2.4 and 2.7; texts: 1.4. Where AWS's text is not known ours names the member, its value,
          and what would be right
"""

from __future__ import annotations

from typing import Any

from api.world import INPUT, channel, job_request
from hostile.asking import sagemaker
from hostile.case import Case, absent, invalid, taken
from hostile.requests import v2_request
from hostile.wording import name_taken

_ARN = "arn:aws:sagemaker:us-east-1:111122223333:automl-job"


def _job(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateAutoMLJob", **job_request("new", **changes)), text)


def _channels(name: str, text: str, *channels: dict[str, Any], **changes: Any) -> Case:
    return _job(name, text, InputDataConfig=list(channels), **changes)


def _config(name: str, text: str, **config: Any) -> Case:
    return _job(name, text, AutoMLJobConfig=config)


def _criteria(name: str, text: str, **criteria: int) -> Case:
    return _config(name, text, CompletionCriteria=criteria)


_NAMES = (
    taken(
        "a name in use",
        sagemaker("CreateAutoMLJob", **job_request("churn")),
        name_taken("AutoML job", "automl-job", "churn"),
    ),
    taken(
        "a name in use, in capitals",
        sagemaker("CreateAutoMLJob", **job_request("CHURN")),
        name_taken("AutoML job", "automl-job", "churn"),
    ),
    taken(
        "the name of a V2 job",
        sagemaker("CreateAutoMLJob", **job_request("second")),
        name_taken("AutoML job", "automl-job", "second"),
    ),
    taken(
        "a V2 job's name in use",
        sagemaker("CreateAutoMLJobV2", **v2_request("churn")),
        name_taken("AutoML job", "automl-job", "churn"),
    ),
    Case(
        "a job more than there may be at once",
        sagemaker("CreateAutoMLJob", **job_request("new")),
        400,
        "ResourceLimitExceeded",
        "The account-level service limit 'concurrent AutoML jobs' is 4 Jobs, with current utilization of 4 Jobs and a "
        "request delta of 1 Jobs. Raise it in the server's configuration, section [limits].",
    ),
)

_TRAIN, _VALID = channel(ChannelType="training"), channel(ChannelType="validation")

_METRICS = (
    _job(
        "a metric of another problem",
        "The objective metric MSE does not fit the problem type BinaryClassification. Choose one of: F1, AUC, "
        "Accuracy, BalancedAccuracy, Precision, Recall.",
        ProblemType="BinaryClassification",
        AutoMLJobObjective={"MetricName": "MSE"},
    ),
    _job(
        "a metric of time series",
        "The objective metric AverageWeightedQuantileLoss does not fit a tabular problem. Choose one of: AUC, Accuracy, "
        "BalancedAccuracy, F1, F1macro, MAE, MSE, Precision, PrecisionMacro, R2, RMSE, Recall, RecallMacro.",
        AutoMLJobObjective={"MetricName": "AverageWeightedQuantileLoss"},
    ),
    _criteria(
        "less time for the job than for a candidate",
        "MaxAutoMLJobRuntimeInSeconds (60) must be equal to or greater than MaxRuntimePerTrainingJobInSeconds (61).",
        MaxAutoMLJobRuntimeInSeconds=60,
        MaxRuntimePerTrainingJobInSeconds=61,
    ),
    _criteria(
        "more than thirty days",
        "MaxAutoMLJobRuntimeInSeconds (2592001) must be at most 2592000, which is 30 days.",
        MaxAutoMLJobRuntimeInSeconds=2_592_001,
    ),
    _criteria(
        "a candidate of more than thirty days",
        "MaxRuntimePerTrainingJobInSeconds (2147483647) must be at most 2592000, which is 30 days.",
        MaxRuntimePerTrainingJobInSeconds=2**31 - 1,
    ),
    _config(
        "no rows to validate",
        "Value '0' at 'autoMLJobConfig.dataSplitConfig.validationFraction' must be greater than 0 and less than 1.",
        DataSplitConfig={"ValidationFraction": 0},
    ),
    _config(
        "no rows to train",
        "Value '1' at 'autoMLJobConfig.dataSplitConfig.validationFraction' must be greater than 0 and less than 1.",
        DataSplitConfig={"ValidationFraction": 1},
    ),
    _channels(
        "a share and a channel to validate",
        "ValidationFraction must not be specified in DataSplitConfig when InputDataConfig has a validation channel: its "
        "rows are the ones that are validated.",
        _TRAIN,
        _VALID,
        AutoMLJobConfig={"DataSplitConfig": {"ValidationFraction": 0.2}},
    ),
    _config(
        "keys for volumes",
        "The KMS key 'alias/k' at 'autoMLJobConfig.securityConfig.volumeKmsKeyId' cannot be used: Alias "
        "arn:aws:kms:us-east-1:111122223333:alias/k is not found.",
        SecurityConfig={"VolumeKmsKeyId": "alias/k"},
    ),
    _config(
        "a private network",
        "Value 'subnet-1' at 'autoMLJobConfig.securityConfig.vpcConfig.subnets.1.member' is not declared on this server "
        "([[networks]] in its configuration): declared are: subnet-a, subnet-b.",
        SecurityConfig={"VpcConfig": {"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-1"]}},
    ),
)

_ALGORITHMS = "autoMLJobConfig.candidateGenerationConfig.algorithmsConfig"


def _algorithms(name: str, text: str, *lists: list[str], **config: str) -> Case:
    entries = [{"AutoMLAlgorithms": names} for names in lists]
    return _config(name, text, CandidateGenerationConfig={"AlgorithmsConfig": entries}, **config)


_MODES = (
    _algorithms(
        "algorithms with AUTO",
        f"The member '{_ALGORITHMS}' must not be specified when the Mode is AUTO: choose the Mode ENSEMBLING or "
        "HYPERPARAMETER_TUNING.",
        ["xgboost"],
        Mode="AUTO",
    ),
    _algorithms(
        "an algorithm of tuning in ENSEMBLING",
        f"Value 'mlp' at '{_ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of the Mode ENSEMBLING. Choose "
        "from: catboost, extra-trees, fastai, lightgbm, linear-learner, nn-torch, randomforest, xgboost.",
        ["xgboost", "mlp"],
        Mode="ENSEMBLING",
    ),
    _algorithms(
        "an algorithm of ENSEMBLING in tuning",
        f"Value 'catboost' at '{_ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of the Mode "
        "HYPERPARAMETER_TUNING. Choose from: linear-learner, mlp, xgboost.",
        ["catboost"],
        Mode="HYPERPARAMETER_TUNING",
    ),
    _algorithms(
        "an algorithm of time series",
        f"Value 'prophet' at '{_ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of tabular problems. Choose "
        "from: catboost, extra-trees, fastai, lightgbm, linear-learner, mlp, nn-torch, randomforest, xgboost.",
        ["prophet"],
    ),
)

_DEPLOYMENT = (
    _job(
        "a name given and to be generated",
        "EndpointName 'e' must not be specified in ModelDeployConfig when AutoGenerateEndpointName is true.",
        ModelDeployConfig={"AutoGenerateEndpointName": True, "EndpointName": "e"},
    ),
    _job(
        "no name given nor to be generated",
        "EndpointName must be specified in ModelDeployConfig when AutoGenerateEndpointName is false.",
        ModelDeployConfig={"AutoGenerateEndpointName": False},
    ),
    _job(
        "a deployment of nothing",
        "ModelDeployConfig must not be specified when GenerateCandidateDefinitionsOnly is true: no model is trained that "
        "could be deployed.",
        ModelDeployConfig={"EndpointName": "e"},
        GenerateCandidateDefinitionsOnly=True,
    ),
    _job(
        "a tag key twice",
        "Value 'a' at 'tags.2.member.key' is given twice: tag keys must be unique per resource.",
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
    ),
    _job(
        "a tag of Amazon's",
        "Value 'aws:x' at 'tags.1.member.key' starts with 'aws:', which is reserved for AWS.",
        Tags=[{"Key": "aws:x", "Value": "1"}],
    ),
    _job(
        "three rules at once",
        "InputDataConfig has no training channel: a single channel must be of the type training. EndpointName must be "
        "specified in ModelDeployConfig when AutoGenerateEndpointName is false. Value 'AWS:x' at 'tags.1.member.key' "
        "starts with 'aws:', which is reserved for AWS.",
        InputDataConfig=[channel(INPUT, ChannelType="validation")],
        ModelDeployConfig={"AutoGenerateEndpointName": False},
        Tags=[{"Key": "AWS:x", "Value": "1"}],
    ),
)


def _states(name: str, operation: str, job: str, text: str) -> Case:
    return invalid(name, sagemaker(operation, AutoMLJobName=job), text)


def _not_found(operation: str, job: str = "nope") -> Case:
    return absent(
        f"{operation} of {job}",
        sagemaker(operation, AutoMLJobName=job),
        f"Amazon SageMaker can't find an AutoML job called {job}.",
    )


_STATES = (
    *map(
        _not_found,
        ("DescribeAutoMLJob", "DescribeAutoMLJobV2", "StopAutoMLJob", "ListCandidatesForAutoMLJob"),
    ),
    _not_found("DescribeAutoMLJob", "theirs"),
    _not_found("StopAutoMLJob", "theirs"),
    _not_found("ListCandidatesForAutoMLJob", "theirs"),
    _states(
        "the first description of a V2 job",
        "DescribeAutoMLJob",
        "second",
        "The AutoML job second was created by CreateAutoMLJobV2 and is not described by DescribeAutoMLJob. Use "
        "DescribeAutoMLJobV2.",
    ),
    _states(
        "an end to a job that has ended",
        "StopAutoMLJob",
        "churn",
        "The request was rejected because the AutoML job is in status Completed. Only a job that is in status InProgress "
        "can be stopped.",
    ),
    _states(
        "an end to a job that has failed",
        "StopAutoMLJob",
        "failed",
        "The request was rejected because the AutoML job is in status Failed. Only a job that is in status InProgress "
        "can be stopped.",
    ),
)

CASES = (
    *_NAMES,
    *_METRICS,
    *_MODES,
    *_DEPLOYMENT,
    *_STATES,
)
