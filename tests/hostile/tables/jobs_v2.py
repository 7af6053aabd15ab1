"""What CreateAutoMLJobV2 has rules of its own for, and the words that it has for those it shares.

source    autopilot.md 2.3 and 7; texts of ours name members as this API calls them
"""

from __future__ import annotations

from typing import Any

from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.requests import v2_request

_TABLE = "autoMLProblemTypeConfig.tabularJobConfig"


def _job(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateAutoMLJobV2", **v2_request("new", **changes)), text)


def _table(name: str, text: str, **members: Any) -> Case:
    table = {"TargetAttributeName": "y", **members}
    return _job(name, text, AutoMLProblemTypeConfig={"TabularJobConfig": table})


def _problem(member: str, config: dict[str, Any], why: str) -> Case:
    place = f"autoMLProblemTypeConfig.{member[0].lower()}{member[1:]}"
    return _job(
        f"a problem of {member}",
        f"The member '{place}' is not supported by this server: {why}.",
        AutoMLProblemTypeConfig={member: config},
    )


_CHANNEL = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/train/"}}}

CASES = (
    _problem(
        "ImageClassificationJobConfig",
        {},
        "models of images need pretrained networks and GPUs, which this server does without",
    ),
    _problem(
        "TextGenerationJobConfig",
        {},
        "language models are fine-tuned on GPUs, which this server does without",
    ),
    _job(
        "an objective without a problem",
        "AutoMLJobObjective is specified without ProblemType: you must either provide both the AutoMLJobObjective and the "
        "ProblemType, or none at all.",
        AutoMLJobObjective={"MetricName": "F1"},
    ),
    _table(
        "a problem without an objective",
        "ProblemType is specified without AutoMLJobObjective: you must either provide both the AutoMLJobObjective and the "
        "ProblemType, or none at all.",
        ProblemType="Regression",
    ),
    _table(
        "algorithms without a mode",
        f"The member '{_TABLE}.candidateGenerationConfig.algorithmsConfig' must not be specified without a Mode, which is "
        "then AUTO: choose the Mode ENSEMBLING or HYPERPARAMETER_TUNING.",
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost"]}]},
    ),
    _table(
        "an algorithm of another mode",
        f"Value 'mlp' at '{_TABLE}.candidateGenerationConfig.algorithmsConfig.1.member.autoMLAlgorithms' is not an "
        "algorithm of the Mode ENSEMBLING. Choose from: catboost, extra-trees, fastai, lightgbm, linear-learner, "
        "nn-torch, randomforest, xgboost.",
        Mode="ENSEMBLING",
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["mlp"]}]},
    ),
    _table(
        "weights without a mode",
        "SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; no Mode is given.",
        SampleWeightAttributeName="w",
    ),
    _table(
        "less time for the job than for a candidate",
        "MaxAutoMLJobRuntimeInSeconds (5) must be equal to or greater than MaxRuntimePerTrainingJobInSeconds (6).",
        CompletionCriteria={
            "MaxAutoMLJobRuntimeInSeconds": 5,
            "MaxRuntimePerTrainingJobInSeconds": 6,
        },
    ),
    _table(
        "features at an address that is none",
        f"Value 'https://data/f.json' at '{_TABLE}.featureSpecificationS3Uri' is not of the form s3://BUCKET/KEY.",
        FeatureSpecificationS3Uri="https://data/f.json",
    ),
    _job(
        "keys for volumes",
        "The KMS key 'alias/k' at 'securityConfig.volumeKmsKeyId' cannot be used: Alias "
        "arn:aws:kms:us-east-1:111122223333:alias/k is not found.",
        SecurityConfig={"VolumeKmsKeyId": "alias/k"},
    ),
    _job(
        "no rows to validate",
        "Value '0' at 'dataSplitConfig.validationFraction' must be greater than 0 and less than 1.",
        DataSplitConfig={"ValidationFraction": 0},
    ),
    _job(
        "a cluster",
        "The member 'autoMLComputeConfig' is not supported by this server: leave it out.",
        AutoMLComputeConfig={
            "EmrServerlessComputeConfig": {
                "ExecutionRoleARN": "arn:aws:iam::111122223333:role/windvane"
            }
        },
    ),
    _job(
        "two training channels",
        "AutoMLJobInputDataConfig has 2 channels of the types [training, training]; it must have one channel of the type "
        "training, or one of the type training and one of the type validation.",
        AutoMLJobInputDataConfig=[_CHANNEL, _CHANNEL],
    ),
    _job(
        "data that are images",
        "Value 'image/png' at 'autoMLJobInputDataConfig.1.member.contentType' is not supported. Choose one of: "
        "text/csv;header=present, x-application/vnd.amazon+parquet.",
        AutoMLJobInputDataConfig=[{**_CHANNEL, "ContentType": "image/png"}],
    ),
)
