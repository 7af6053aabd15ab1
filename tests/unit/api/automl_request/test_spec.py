"""Requests of both versions become the same JobSpec."""

from __future__ import annotations

from typing import Any

import pytest

from windvane.api.automl_request.spec import new_job, new_job_v2
from windvane.control.networks import Networks
from windvane.domain.datasource import Compression, DataSource, TableFormat
from windvane.domain.job import ApiVersion
from windvane.domain.jobspec import (
    Channel,
    DataSpec,
    DeploymentSpec,
    JobSpec,
    OutputSpec,
    Purpose,
    RequestedLimits,
    SearchSpec,
    SecuritySpec,
    TabularProblem,
    Vpc,
)
from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.errors import InvalidRequest
from windvane.settings import NetworkSettings

ROLE = "arn:aws:iam::111122223333:role/windvane"
NETWORKS = Networks((NetworkSettings(("subnet-a",), ("sg-a",)),))


def source(uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}


TABLE = {"TargetAttributeName": "y", "SampleWeightAttributeName": "w"}
CHANNELS = [
    {"DataSource": source("s3://b/v/"), "ChannelType": "validation", "CompressionType": "Gzip"},
    {
        "DataSource": source("s3://b/manifest", "ManifestFile"),
        "ContentType": "Text/CSV; header=present",
    },
]
ALGORITHMS = [{"AutoMLAlgorithms": ["xgboost", "lightgbm", "xgboost"]}]
CRITERIA = {
    "MaxCandidates": 7,
    "MaxAutoMLJobRuntimeInSeconds": 600,
    "MaxRuntimePerTrainingJobInSeconds": 60,
}
SECURITY = {
    "VolumeKmsKeyId": "alias/volume",
    "EnableInterContainerTrafficEncryption": True,
    "VpcConfig": {"Subnets": ["subnet-a"], "SecurityGroupIds": ["sg-a"]},
}
BOTH = {
    "AutoMLJobName": "churn",
    "OutputDataConfig": {"S3OutputPath": "s3://b/out", "KmsKeyId": "alias/out"},
    "RoleArn": ROLE,
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "ModelDeployConfig": {"EndpointName": "e"},
    "Tags": [{"Key": "team", "Value": "growth"}],
}
V1: dict[str, Any] = {
    **BOTH,
    "InputDataConfig": [{**channel, **TABLE} for channel in CHANNELS],
    "ProblemType": "BinaryClassification",
    "AutoMLJobConfig": {
        "Mode": "ENSEMBLING",
        "CandidateGenerationConfig": {
            "AlgorithmsConfig": ALGORITHMS,
            "FeatureSpecificationS3Uri": "s3://b/features.json",
        },
        "CompletionCriteria": CRITERIA,
        "SecurityConfig": SECURITY,
    },
}
V2: dict[str, Any] = {
    **BOTH,
    "AutoMLJobInputDataConfig": CHANNELS,
    "AutoMLProblemTypeConfig": {
        "TabularJobConfig": {
            **TABLE,
            "ProblemType": "BinaryClassification",
            "Mode": "ENSEMBLING",
            "CandidateGenerationConfig": {"AlgorithmsConfig": ALGORITHMS},
            "FeatureSpecificationS3Uri": "s3://b/features.json",
            "CompletionCriteria": CRITERIA,
        }
    },
    "SecurityConfig": SECURITY,
}
SPEC = JobSpec(
    role=ROLE,
    data=DataSpec(
        channels=(
            Channel(
                source=DataSource("s3://b/v/"),
                purpose=Purpose.VALIDATION,
                compression=Compression.GZIP,
            ),
            Channel(source=DataSource("s3://b/manifest", is_manifest=True)),
        )
    ),
    problem=TabularProblem(
        target="y",
        problem_type=ProblemType.BINARY,
        objective=MetricName.AUC,
        sample_weight="w",
        feature_specification="s3://b/features.json",
    ),
    output=OutputSpec(uri="s3://b/out", key="alias/out"),
    limits=RequestedLimits(max_candidates=7, max_runtime_s=600, max_candidate_runtime_s=60),
    search=SearchSpec(mode=Mode.ENSEMBLING, algorithms=("xgboost", "lightgbm")),
    security=SecuritySpec(
        volume_key="alias/volume",
        encrypt_traffic=True,
        vpc=Vpc(subnets=("subnet-a",), security_groups=("sg-a",)),
    ),
    deployment=DeploymentSpec(endpoint_name="e"),
)


@pytest.mark.parametrize(
    ("make", "sent", "api"), [(new_job, V1, ApiVersion.V1), (new_job_v2, V2, ApiVersion.V2)]
)
def test_every_member_has_its_place_in_the_spec(
    make: Any, sent: dict[str, Any], api: ApiVersion
) -> None:
    made = make(sent, NETWORKS)
    assert made.spec == SPEC
    assert (made.name, made.tags) == ("churn", {"team": "growth"})
    untagged = {name: value for name, value in sent.items() if name != "Tags"}
    assert (made.echo.api, made.echo.members) == (api, untagged)


LEAST: dict[str, Any] = {
    "AutoMLJobName": "churn",
    "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
    "RoleArn": ROLE,
}
LEAST_V1: dict[str, Any] = {
    **LEAST,
    "InputDataConfig": [{"DataSource": source("s3://b/t/"), "TargetAttributeName": "y"}],
}


def test_what_a_request_leaves_out_is_left_open() -> None:
    assert new_job(LEAST_V1, NETWORKS).spec == JobSpec(
        role=ROLE,
        data=DataSpec(channels=(Channel(source=DataSource("s3://b/t/")),)),
        problem=TabularProblem(target="y"),
        output=OutputSpec(uri="s3://b/out"),
    )


def test_the_mode_of_v2_is_auto_unless_it_is_named() -> None:
    sent = {
        **LEAST,
        "AutoMLJobInputDataConfig": [{"DataSource": source("s3://b/t/")}],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
    }
    assert new_job_v2(sent, NETWORKS).spec.search.mode is Mode.AUTO
    assert new_job(LEAST_V1, NETWORKS).spec.search.mode is None


def test_parquet_a_share_and_a_generated_name_are_told() -> None:
    [channel] = LEAST_V1["InputDataConfig"]
    parquet = {**channel, "ContentType": "x-application/vnd.amazon+parquet"}
    sent = {
        **LEAST_V1,
        "InputDataConfig": [parquet],
        "AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": 0.25}},
        "ModelDeployConfig": {},
        "GenerateCandidateDefinitionsOnly": False,
    }
    spec = new_job(sent, NETWORKS).spec
    assert spec.data.training.format is TableFormat.PARQUET
    assert spec.data.validation_fraction == 0.25
    assert spec.deployment is not None
    assert spec.deployment.is_name_generated
    assert not spec.search.definitions_only


def test_faults_of_v2_are_told_in_its_words() -> None:
    sent = {**V2, "DataSplitConfig": {"ValidationFraction": 2}}
    with pytest.raises(InvalidRequest, match=r"'2' at 'dataSplitConfig\.validationFraction'"):
        new_job_v2(sent, NETWORKS)
