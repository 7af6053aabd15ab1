"""What generated requests are made of: names of what is there, requests that are served, hostile text, odd numbers."""

from __future__ import annotations

from typing import Any

from api.steps import explain_request, split_request, training_request
from api.world import (
    IMAGE,
    MODEL_DATA,
    READER,
    ROLE,
    channel,
    config_request,
    job_request,
    model_request,
    variant,
)
from hostile import keys, people, scaled
from hostile.requests import transform_request, v2_request

HOSTILE = [
    "",
    " ",
    "\n",
    "a\r\nX-Injected: 1",
    "\t\x0b\x1f\x7f",
    "\x00",
    "\ud800",
    "'; DROP TABLE resources; --",
    '" OR ""="',
    "%' ESCAPE '\\",
    "<script>alert(1)</script>",
    "&amp;&#x0;]]>",
    "../../../../etc/passwd",
    "..%2f..%2f%00",
    "${jndi:ldap://x/y}",
    "{{7*7}}{0}{__class__}%s%n",
    "$(id)`id`;id",
    "\u202e\u200b\ufeff",
    "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f926\U0001f3fc\u200d\u2642\ufe0f",
    "\u0130\u0131\u1e9e\ufb01",
    "\uffff\ufffe",
    "a" * 70,
    "a" * 3000,
    "-" * 64 + "_",
    "s3://",
    "s3:///key",
    "s3://b",
    "s3://data/../theirs/a.csv",
    "arn:aws:sagemaker:us-east-1:111122223333:",
    "NaN",
    "null",
    "9" * 400,
    "1e999",
]

NUMBERS = [
    0,
    -1,
    1,
    100,
    101,
    2**31 - 1,
    2**31,
    -(2**31),
    2**53,
    2**63 - 1,
    2**63,
    -(2**63),
    10**30,
]

_ROOT = "arn:aws:sagemaker:us-east-1:111122223333"
_JOBS = ["churn", "CHURN", "going", "second", "stopping", "failed", "nope", "new", "theirs"]
_STEPS = ["running", "ended", "fitted", "churn-step", "transformers", "nope", "new"]
_ODD_URIS = [
    "s3://data/./train/../model",
    "s3://data/a\\..\\b",
    "s3://results/../data/model",
    f"s3://data/{'k' * 900}",
    f"s3://data/{'k/' * 400}",
    f"s3://data/{chr(0x1F926) * 300}",
]
_URIS = [
    "s3://data/train/",
    "s3://data/whole.manifest",
    "s3://data/deep.manifest",
    "s3://data/dataset",
    "s3://data/nothing",
    "s3://nowhere/x",
    "s3://theirs/a.csv",
    "s3://results/out",
    "s3://data",
    "s3://data/",
    "s3://data//train//",
    "s3://../data",
    "s3://a b/x",
    *_ODD_URIS,
    MODEL_DATA,
]

NAMED: dict[str, list[Any]] = {
    "AutoMLJobName": _JOBS,
    "ModelName": ["m", "tagged", "nope", "new", "theirs", "fitted"],
    "EndpointName": ["live", "serverless", "starting", "broken", "nope", "new"],
    "EndpointConfigName": ["c", "on-demand", "too-many", "orphan", "nope", "new"],
    "TrainingJobName": _STEPS,
    "ProcessingJobName": _STEPS,
    "TransformJobName": _STEPS,
    "CandidateName": ["churn-001", "churn-002", "churn-003", "nope"],
    "VariantName": ["AllTraffic", "OnDemand", "v"],
    "RoleArn": [ROLE, READER, "arn:aws:iam::111122223333:role/nobody"],
    "ExecutionRoleArn": [ROLE, READER, "arn:aws:iam::444455556666:role/windvane"],
    "S3Uri": _URIS,
    "S3OutputPath": _URIS,
    "ModelDataUrl": _URIS,
    "FeatureSpecificationS3Uri": [
        *_ODD_URIS,
        "s3://data/features.json",
        "s3://data/list.json",
        "s3://data/deep.json",
    ],
    "TrainingImage": [IMAGE, f"{IMAGE}.churn-step", "docker.io/x:1"],
    "Image": [IMAGE, "docker.io/x:1"],
    "ImageUri": [
        IMAGE.replace("xgboost", "sklearn-automl"),
        IMAGE.replace("xgboost", "explainer"),
        "x",
    ],
    "TargetAttributeName": ["y", "Churn?"],
    "ChannelName": ["dataset", "train", "validation", "member-1"],
    "InputName": ["table", "validation", "feature-specification", "dataset", "model", "output"],
    "OutputName": ["dataset", "header", "tuning_data", "explanation", "insights", "onnx"],
    "LocalPath": ["/opt/ml/processing/x", "/etc"],
    "ContentType": [
        "text/csv",
        "text/csv;header=present",
        "application/json",
        "x-application/vnd.amazon+parquet",
    ],
    "Accept": ["text/csv", "application/json", "image/png", "text/csv;q=x, */*;q=0.1"],
    "InputFilter": ["$", "$[1:]", "$.a", "$["],
    "OutputFilter": ["$", "$[0]", "$['a','b']", "$.*"],
    "EnvironmentKey": ["A", "TARGET_ATTRIBUTE_NAME", "_target", "num_round", "A B"],
    "ResourceArn": [
        f"{_ROOT}:model/m",
        f"{_ROOT}:model/tagged",
        f"{_ROOT}:automl-job/churn",
        f"{_ROOT}:endpoint/nope",
        f"{_ROOT}:automl-job/nope",
        f"{_ROOT}:domain/d",
    ],
    "Key": ["a", "b", "aws:x", "k1"],
    "Value": ["v", ""],
    "TagKey": ["a", "k1", "k2"],
    "NameContains": ["m", "churn", "_"],
    "NextToken": ["AAAA", "x"],
    "nextToken": ["f/1/1", "b/999999999999999999/999999999999999999", "AAAA"],
    "logGroupName": ["/aws/sagemaker/AutoMLJobs", "nope"],
    "logGroupIdentifier": [
        "/aws/sagemaker/AutoMLJobs",
        "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/AutoMLJobs:*",
    ],
    "logStreamName": ["churn", "nope"],
    "LogStreamName": ["churn", "nope"],
    "filterPattern": ["one", "?one ?two", "-three", '"', "{ $.a }"],
    **people.NAMED,
    **scaled.NAMED,
    "PolicyName": people.NAMED["PolicyName"] + scaled.POLICY_NAMES,
    "RoleSessionName": ["session", "s", "a b"],
    "DurationSeconds": [900, 3600, 899, 43_200],
    "PathPrefix": ["/", "/x/"],
    "TargetVariant": ["AllTraffic", "B"],
    "Body": ["1,2\n", '[{"do": 1, "b": 2}]', "1,2\n3", "", "1,\x00\n", '1,"2'],
    "After": ["0", "1", "latest", "x"],
    "LastEventId": ["1", "x"],
    "KeyId": keys.KEY_IDS,
    "TargetKeyId": keys.KEY_IDS,
    "DestinationKeyId": keys.KEY_IDS,
    "AliasName": ["alias/team", "alias/new", "alias/aws/s3", "team"],
}


def _named(member: str, *names: str) -> list[dict[str, Any]]:
    return [{member: name} for name in names]


_TAG = [{"Key": "a", "Value": "b"}]
_MODEL_ARN = f"{_ROOT}:model/m"
_GROUP = "/aws/sagemaker/AutoMLJobs"

_CONTAINER = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}

TEMPLATES: dict[str, list[dict[str, Any]]] = {
    **keys.TEMPLATES,
    **people.TEMPLATES,
    **scaled.TEMPLATES,
    **{
        name: keys.TEMPLATES[name] + scaled.TEMPLATES[name]
        for name in ("TagResource", "UntagResource")
    },
    "CreateAutoMLJob": [
        job_request("new", InputDataConfig=[channel("s3://data/whole.manifest", "ManifestFile")]),
        job_request(
            "new",
            AutoMLJobConfig={
                "CandidateGenerationConfig": {
                    "FeatureSpecificationS3Uri": "s3://data/features.json"
                }
            },
        ),
        job_request("new"),
        job_request("new", ModelDeployConfig={}, Tags=_TAG, ProblemType="Regression"),
        job_request(
            "new",
            AutoMLJobConfig={"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxCandidates": 5}},
        ),
    ],
    "CreateAutoMLJobV2": [v2_request("new"), v2_request("new", Tags=_TAG, SecurityConfig={})],
    "CreateModel": [model_request("new"), {"ModelName": "new", "PrimaryContainer": _CONTAINER}],
    "CreateEndpointConfig": [
        config_request("new"),
        config_request(
            "new", ProductionVariants=[variant("a"), variant("b", InitialVariantWeight=0.5)]
        ),
        config_request(
            "new",
            ProductionVariants=[
                {
                    "VariantName": "s",
                    "ModelName": "m",
                    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
                }
            ],
        ),
    ],
    "CreateEndpoint": [{"EndpointName": "new", "EndpointConfigName": "c"}],
    "UpdateEndpoint": [
        {"EndpointName": "live", "EndpointConfigName": "on-demand"},
        {"EndpointName": "live", "EndpointConfigName": "c", "RetainAllVariantProperties": True},
    ],
    "UpdateEndpointWeightsAndCapacities": [
        {
            "EndpointName": "live",
            "DesiredWeightsAndCapacities": [
                {"VariantName": "AllTraffic", "DesiredWeight": 2, "DesiredInstanceCount": 2}
            ],
        },
    ],
    "CreateTrainingJob": [
        training_request("new"),
        training_request("new", HyperParameters={"num_iterations": "10", "_seed": "1"}, Tags=_TAG),
    ],
    "CreateProcessingJob": [split_request("new"), explain_request("new")],
    "CreateTransformJob": [
        transform_request("new"),
        transform_request("new", DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"}),
    ],
    "AddTags": [{"ResourceArn": _MODEL_ARN, "Tags": _TAG}],
    "DeleteTags": [{"ResourceArn": _MODEL_ARN, "TagKeys": ["a"]}],
    "StopAutoMLJob": _named("AutoMLJobName", "going", "stopping"),
    "StopTrainingJob": _named("TrainingJobName", "running"),
    "StopProcessingJob": _named("ProcessingJobName", "running"),
    "StopTransformJob": _named("TransformJobName", "running"),
    "DescribeAutoMLJobV2": _named("AutoMLJobName", "second", "churn"),
    "AssumeRole": [{"RoleArn": ROLE, "RoleSessionName": "session"}],
    "InvokeEndpoint": [
        {"EndpointName": "live", "Body": "1,2\n", "ContentType": "text/csv"},
        {
            "EndpointName": "live",
            "Body": "[[1, 2]]",
            "ContentType": "application/json",
            "Accept": "application/json",
        },
    ],
    "FollowEvents": [{"Follow": False}, {"Follow": False, "After": "1"}],
    "FollowJobEvents": [{"AutoMLJobName": "churn", "Follow": False}],
    "StartCandidateReports": [{"AutoMLJobName": "churn", "CandidateName": "churn-002"}],
    "DescribeCandidateReports": [{"AutoMLJobName": "churn", "CandidateName": "explained"}],
    "DescribeLeaderboard": [{"AutoMLJobName": "churn"}],
    "DescribeCandidate": [{"AutoMLJobName": "churn", "CandidateName": "churn-002"}],
    "DescribeEndpointFigures": _named("EndpointName", "live"),
    "DescribeEndpointHistory": _named("EndpointName", "live"),
    "FilterLogEvents": [
        {"logGroupName": _GROUP, "filterPattern": "one"},
        {"logGroupName": _GROUP, "startTime": 0, "endTime": 2**62, "limit": 1},
    ],
    "GetLogEvents": [
        {"logGroupName": _GROUP, "logStreamName": "churn"},
        {"logGroupName": _GROUP, "logStreamName": "churn", "startTime": 0, "endTime": 2**62},
    ],
    "DescribeLogStreams": [{"logGroupName": _GROUP}],
}
