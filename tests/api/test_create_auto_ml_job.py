"""CreateAutoMLJob: what is accepted, what is refused and with which words, and what is left behind."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api.world import (
    ACCOUNT,
    INPUT,
    OTHER_ACCOUNT,
    OUTPUT,
    READER,
    REGION,
    ROLE,
    SCOPE,
    World,
    build_world,
    channel,
    close,
    job_request,
    refusal,
)

from windvane.domain.job import AutoMLJob, JobStatus, Limits
from windvane.domain.task import TaskKind
from windvane.engine.learners import extras


def job_of(world: World, name: str = "churn") -> AutoMLJob:
    with world.store.snapshot() as tx:
        job = tx.find(AutoMLJob, SCOPE, name)
    assert job is not None
    return job


def refused(world: World, **changes: Any) -> str:
    """The message of a ValidationException; nothing may be left behind."""
    code, message = refusal(world.client().create_auto_ml_job, **job_request(**changes))
    assert code == "ValidationException"
    with world.store.snapshot() as tx:
        assert tx.count(AutoMLJob, list(JobStatus)) == 0
    return message


def with_config(**config: Any) -> dict[str, Any]:
    return {"AutoMLJobConfig": config}


def test_a_job_is_recorded_with_its_first_task_and_answered_by_its_arn(world: World) -> None:
    arn = world.create_job("Churn-1")
    assert arn == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/churn-1"
    job = job_of(world, "churn-1")
    assert (job.name, job.status, job.secondary) == ("Churn-1", "InProgress", "Starting")
    with world.store.snapshot() as tx:
        tasks = tx.tasks(job.arn)
    asked = {
        "features": {"names": None, "types": {}},
        "group_column": None,
        "time_column": None,
    }
    assert [(task.kind, task.key, task.payload) for task in tasks] == [
        (TaskKind.ANALYZE, "analyze", asked)
    ]


def test_a_job_keeps_the_trace_of_the_request_that_created_it(world: World) -> None:
    def traced(request: Any, **_: Any) -> None:
        request.headers["traceparent"] = f"00-{'4' * 32}-{'5' * 16}-01"

    world.create_job("untraced")
    world.client().meta.events.register("before-sign.sagemaker.CreateAutoMLJob", traced)
    world.create_job("traced")
    assert job_of(world, "untraced").traceparent == ""
    assert re.fullmatch("00-4{32}-(?!5{16})[0-9a-f]{16}-01", job_of(world, "traced").traceparent)


def test_limits_that_a_request_leaves_open_come_from_the_configuration(world: World) -> None:
    world.create_job()
    job = job_of(world)
    assert job.limits == Limits(250, 3600, 3600)
    assert job.deadline == job.created + timedelta(seconds=3600)


def test_limits_of_the_request_are_kept(world: World) -> None:
    criteria = {
        "MaxCandidates": 7,
        "MaxRuntimePerTrainingJobInSeconds": 60,
        "MaxAutoMLJobRuntimeInSeconds": 600,
    }
    world.create_job(**with_config(CompletionCriteria=criteria))
    assert job_of(world).limits == Limits(7, 600, 60)


def test_a_long_candidate_runtime_alone_makes_the_job_as_long(world: World) -> None:
    criteria = {"MaxRuntimePerTrainingJobInSeconds": 7200}
    world.create_job(**with_config(CompletionCriteria=criteria))
    assert job_of(world).limits.max_runtime_s == 7200


def test_what_the_sagemaker_sdk_always_sends_is_accepted(world: World) -> None:
    world.create_job(
        GenerateCandidateDefinitionsOnly=False,
        **with_config(
            CompletionCriteria={}, SecurityConfig={"EnableInterContainerTrafficEncryption": False}
        ),
    )
    assert not job_of(world).definitions_only


@pytest.mark.parametrize(
    "content_type",
    ["text/csv;header=present", "text/csv; header=present", "Text/CSV;Header=Present"],
)
def test_csv_with_a_header_is_accepted_however_it_is_spelled(
    world: World, content_type: str
) -> None:
    world.create_job(InputDataConfig=[channel(ContentType=content_type, CompressionType="Gzip")])


def test_parquet_is_accepted(world: World) -> None:
    world.create_job(InputDataConfig=[channel(ContentType="x-application/vnd.amazon+parquet")])


@pytest.mark.parametrize("mode", ["AUTO", "ENSEMBLING", "HYPERPARAMETER_TUNING"])
def test_every_mode_is_served_and_echoed(world: World, mode: str) -> None:
    world.create_job(**with_config(Mode=mode))
    described = world.client().describe_auto_ml_job(AutoMLJobName="churn")
    assert described["AutoMLJobConfig"] == {"Mode": mode}


@pytest.mark.parametrize(
    ("mode", "algorithms"),
    [
        ("ENSEMBLING", ["catboost", "extra-trees", "lightgbm", "randomforest"]),
        ("HYPERPARAMETER_TUNING", ["xgboost", "linear-learner", "mlp"]),
        (None, ["lightgbm", "mlp"]),
        ("ENSEMBLING", []),
    ],
)
def test_a_search_may_be_limited_to_algorithms_of_its_mode(
    world: World, mode: str | None, algorithms: list[str]
) -> None:
    config: dict[str, Any] = {
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": algorithms}]}
    }
    if mode:
        config["Mode"] = mode
    world.create_job(**with_config(**config))
    assert job_of(world).spec.search.algorithms == tuple(algorithms)
    described = world.client().describe_auto_ml_job(AutoMLJobName="churn")
    assert described["AutoMLJobConfig"] == config


@pytest.mark.parametrize(
    ("algorithm", "extra"), [("nn-torch", "torch"), ("fastai", "torch"), ("catboost", "catboost")]
)
def test_an_algorithm_of_an_extra_that_is_missing_is_refused_with_how_to_install_it(
    world: World, algorithm: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    config = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost", algorithm]}]}
    assert refused(world, **with_config(Mode="ENSEMBLING", CandidateGenerationConfig=config)) == (
        f"Value '{algorithm}' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not available: the algorithm {algorithm} "
        f"needs the extra '{extra}', which is not installed: pip install 'windvane[{extra}]'."
    )


def test_an_empty_list_of_algorithms_means_all_and_is_accepted(world: World) -> None:
    generation = {"AlgorithmsConfig": [{"AutoMLAlgorithms": []}]}
    world.create_job(**with_config(CandidateGenerationConfig=generation))


def test_an_objective_may_be_given_without_a_problem_type(world: World) -> None:
    world.create_job(AutoMLJobObjective={"MetricName": "AUC"})


NOT_SERVED = "is not supported by this server: leave it out"
SECURITY = "autoMLJobConfig.securityConfig"

REFUSED_MEMBERS = [
    (
        {"OutputDataConfig": {"S3OutputPath": OUTPUT, "KmsKeyId": "k"}},
        "The KMS key 'k' at 'outputDataConfig.kmsKeyId' cannot be used: Invalid keyId 'k'",
    ),
    (
        with_config(SecurityConfig={"VolumeKmsKeyId": "k"}),
        f"The KMS key 'k' at '{SECURITY}.volumeKmsKeyId' cannot be used: Invalid keyId 'k'",
    ),
    (
        with_config(
            SecurityConfig={"VpcConfig": {"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-1"]}}
        ),
        (
            f"Value 'subnet-1' at '{SECURITY}.vpcConfig.subnets.1.member' is not declared on this server "
            "([[networks]] in its configuration): declared are: subnet-a, subnet-b."
        ),
    ),
    (
        {"InputDataConfig": [channel(kind="AugmentedManifestFile")]},
        (
            "Value 'AugmentedManifestFile' at "
            f"'inputDataConfig.1.member.dataSource.s3DataSource.s3DataType' {NOT_SERVED} or choose one of: "
            "S3Prefix, ManifestFile."
        ),
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED_MEMBERS)
def test_a_member_that_cannot_be_honoured_is_refused_by_name(
    world: World, changes: dict[str, Any], message: str
) -> None:
    assert refused(world, **changes) == message


ALGORITHMS = "autoMLJobConfig.candidateGenerationConfig.algorithmsConfig"


def with_algorithms(*config: list[str], mode: str | None = None) -> dict[str, Any]:
    entries = [{"AutoMLAlgorithms": names} for names in config]
    named = {"Mode": mode} if mode else {}
    return with_config(CandidateGenerationConfig={"AlgorithmsConfig": entries}, **named)


LONG_PATH = "s3://results/" + "x" * 116

BROKEN_RULES = [
    (
        with_algorithms(["xgboost"], mode="AUTO"),
        (
            f"The member '{ALGORITHMS}' must not be specified when the Mode is AUTO: choose the Mode ENSEMBLING or "
            "HYPERPARAMETER_TUNING."
        ),
    ),
    (
        with_algorithms(mode="ENSEMBLING"),
        (
            f"The member '{ALGORITHMS}' has 0 items; it must have one, with AutoMLAlgorithms: an empty list of them "
            "stands for all."
        ),
    ),
    (
        with_algorithms(["xgboost", "mlp"], mode="ENSEMBLING"),
        (
            f"Value 'mlp' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of the Mode ENSEMBLING. Choose "
            "from: catboost, extra-trees, fastai, lightgbm, linear-learner, nn-torch, randomforest, xgboost."
        ),
    ),
    (
        with_algorithms(["lightgbm"], mode="HYPERPARAMETER_TUNING"),
        (
            f"Value 'lightgbm' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of the Mode "
            "HYPERPARAMETER_TUNING. Choose from: linear-learner, mlp, xgboost."
        ),
    ),
    (
        with_algorithms(["prophet"]),
        (
            f"Value 'prophet' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of tabular problems. Choose "
            "from: catboost, extra-trees, fastai, lightgbm, linear-learner, mlp, nn-torch, randomforest, xgboost."
        ),
    ),
    (
        {"InputDataConfig": [{"TargetAttributeName": "y"}]},
        (
            "1 validation error detected: Value null at 'inputDataConfig.1.member.dataSource' failed to "
            "satisfy constraint: Member must not be null"
        ),
    ),
    (
        {"InputDataConfig": [channel(ContentType="text/csv")]},
        (
            "Value 'text/csv' at 'inputDataConfig.1.member.contentType' is not supported. Choose one of: "
            "text/csv;header=present, x-application/vnd.amazon+parquet."
        ),
    ),
    (
        {
            "InputDataConfig": [
                channel(ContentType="x-application/vnd.amazon+parquet", CompressionType="Gzip")
            ]
        },
        (
            "CompressionType Gzip does not go with ContentType x-application/vnd.amazon+parquet: Parquet "
            "files are compressed inside. Leave CompressionType out."
        ),
    ),
    (
        {"OutputDataConfig": {"S3OutputPath": LONG_PATH}},
        (
            f"1 validation error detected: Value '{LONG_PATH}' at 'outputDataConfig.s3OutputPath' failed "
            "to satisfy constraint: Member must have length less than or equal to 128"
        ),
    ),
    (
        {"OutputDataConfig": {"S3OutputPath": "https://results/x"}},
        (
            "Value 'https://results/x' at 'outputDataConfig.s3OutputPath' is not of the form "
            "s3://BUCKET/KEY."
        ),
    ),
    (
        {"InputDataConfig": [channel("s3://bad bucket/x")]},
        (
            "Value 's3://bad bucket/x' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' is not "
            "of the form s3://BUCKET/KEY."
        ),
    ),
    (
        {"ProblemType": "Regression", "AutoMLJobObjective": {"MetricName": "AUC"}},
        (
            "The objective metric AUC does not fit the problem type Regression. Choose one of: MSE, RMSE, "
            "MAE, R2."
        ),
    ),
    (
        {"AutoMLJobObjective": {"MetricName": "MASE"}},
        (
            "The objective metric MASE does not fit a tabular problem. Choose one of: AUC, Accuracy, "
            "BalancedAccuracy, F1, F1macro, MAE, MSE, Precision, PrecisionMacro, R2, RMSE, Recall, "
            "RecallMacro."
        ),
    ),
    (
        with_config(
            CompletionCriteria={
                "MaxAutoMLJobRuntimeInSeconds": 60,
                "MaxRuntimePerTrainingJobInSeconds": 120,
            }
        ),
        (
            "MaxAutoMLJobRuntimeInSeconds (60) must be equal to or greater than "
            "MaxRuntimePerTrainingJobInSeconds (120)."
        ),
    ),
    (
        with_config(CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 2_592_001}),
        "MaxAutoMLJobRuntimeInSeconds (2592001) must be at most 2592000, which is 30 days.",
    ),
    (
        {"ModelDeployConfig": {"AutoGenerateEndpointName": True, "EndpointName": "e"}},
        (
            "EndpointName 'e' must not be specified in ModelDeployConfig when AutoGenerateEndpointName is "
            "true."
        ),
    ),
    (
        {"ModelDeployConfig": {"AutoGenerateEndpointName": False}},
        "EndpointName must be specified in ModelDeployConfig when AutoGenerateEndpointName is false.",
    ),
    (
        {"ModelDeployConfig": {}, "GenerateCandidateDefinitionsOnly": True},
        (
            "ModelDeployConfig must not be specified when GenerateCandidateDefinitionsOnly is true: no "
            "model is trained that could be deployed."
        ),
    ),
    (
        {"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
        "Value 'k' at 'tags.2.member.key' is given twice: tag keys must be unique per resource.",
    ),
    (
        {"Tags": [{"Key": "aws:k", "Value": "1"}]},
        "Value 'aws:k' at 'tags.1.member.key' starts with 'aws:', which is reserved for AWS.",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "message"), BROKEN_RULES)
def test_a_request_that_breaks_a_rule_is_refused_with_a_sentence_about_it(
    world: World, changes: dict[str, Any], message: str
) -> None:
    assert refused(world, **changes) == message


def test_every_broken_rule_is_reported_at_once(world: World) -> None:
    message = refused(
        world,
        ModelDeployConfig={"AutoGenerateEndpointName": False},
        **with_algorithms(["xgboost"], mode="AUTO"),
    )
    assert ALGORITHMS in message
    assert "EndpointName must be specified" in message


def test_a_prefix_with_no_object_is_refused_in_aws_own_words(world: World) -> None:
    assert refused(world, InputDataConfig=[channel("s3://data/nothing")]) == (
        'No S3 objects found under S3 URL "s3://data/nothing" given in input data source. Please '
        "ensure that the bucket exists in the selected region (us-east-1), that objects exist under "
        f'that S3 prefix, and that the role "{ROLE}" has "s3:ListBucket" permissions on bucket "data".'
    )


def test_a_missing_input_bucket_is_refused_like_an_empty_prefix(world: World) -> None:
    message = refused(world, InputDataConfig=[channel("s3://nowhere/x")])
    assert message.startswith('No S3 objects found under S3 URL "s3://nowhere/x"')


def test_a_folder_marker_alone_is_no_data(world: World) -> None:
    world.put("s3://data/empty/", b"")
    message = refused(world, InputDataConfig=[channel("s3://data/empty/")])
    assert message.startswith("No S3 objects found")


def test_a_missing_output_bucket_is_refused(world: World) -> None:
    assert refused(world, OutputDataConfig={"S3OutputPath": "s3://nowhere/out"}) == (
        'Could not find the bucket "nowhere" of S3 URL "s3://nowhere/out" given in output data config. '
        "Please ensure that the bucket exists in the selected region (us-east-1), and that the role "
        f'"{ROLE}" has "s3:PutObject" permissions on it.'
    )


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/stranger",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/windvane",
    ],
)
def test_an_unknown_role_cannot_be_assumed(world: World, arn: str) -> None:
    assert refused(world, RoleArn=arn) == (
        f"The role {arn} cannot be assumed. Please ensure that the role exists: it must be {ROLE}, be made "
        f"with CreateRole, or be declared in the server's configuration, section [[roles]], for the account {ACCOUNT}."
    )


def test_a_declared_role_may_use_the_buckets_it_names(world: World) -> None:
    world.create_job(RoleArn=READER)


def test_a_role_that_may_not_read_the_input_is_denied(world: World) -> None:
    world.put("s3://secret/x.csv")
    message = refused(world, RoleArn=READER, InputDataConfig=[channel("s3://secret/")])
    assert message == (
        f'Access denied: the role "{READER}" has no "s3:ListBucket" permission on bucket "secret". '
        "The role's declaration does not name the bucket."
    )


def test_a_role_that_may_not_write_the_output_is_denied(world: World) -> None:
    message = refused(world, RoleArn=READER, OutputDataConfig={"S3OutputPath": "s3://data/out"})
    assert message == (
        f'Access denied: the role "{READER}" has no "s3:PutObject" permission on bucket "data". '
        "The role's declaration does not name the bucket."
    )


def test_a_bucket_of_another_account_is_denied_to_every_role(world: World) -> None:
    world.put("s3://theirs/x.csv")
    with world.store.transaction() as tx:
        tx.claim_bucket("theirs", OTHER_ACCOUNT, world.clock())
    message = refused(world, InputDataConfig=[channel("s3://theirs/")])
    assert message == (
        f'Access denied: the role "{ROLE}" has no "s3:ListBucket" permission on bucket "theirs". '
        "The bucket belongs to another account."
    )


MANIFEST = "s3://data/manifest.json"
FORM = (
    'It must be a JSON list: first {"prefix": "s3://BUCKET/PREFIX/"}, then the keys of one or more '
    "objects relative to it."
)


def put_manifest(world: World, document: Any) -> dict[str, Any]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    world.put(MANIFEST, data)
    return {"InputDataConfig": [channel(MANIFEST, "ManifestFile")]}


def test_a_manifest_whose_objects_are_there_is_accepted(world: World) -> None:
    world.create_job(**put_manifest(world, [{"prefix": INPUT}, "part-0.csv"]))


def test_a_manifest_that_names_a_missing_object_is_refused_naming_it(world: World) -> None:
    changes = put_manifest(world, [{"prefix": INPUT}, "part-0.csv", "part-1.csv"])
    assert refused(world, **changes) == (
        f'The object "{INPUT}part-1.csv" named in the manifest file "{MANIFEST}" does not exist.'
    )


def test_a_missing_manifest_is_refused(world: World) -> None:
    changes = {"InputDataConfig": [channel(MANIFEST, "ManifestFile")]}
    assert refused(world, **changes) == f'Could not find the manifest file "{MANIFEST}".'


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (
            b"\xff\xfe",
            "it is not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)",
        ),
        ({}, "it is not a list"),
        ([], "it is not a list"),
        (["part-0.csv"], "its first item is not a prefix"),
        ([{"prefix": "data/"}, "x"], "its first item is not a prefix"),
        ([{"prefix": INPUT}], "it names no object"),
        ([{"prefix": INPUT}, "part-0.csv", 3], "item 3 is not the key of an object"),
    ],
)
def test_a_malformed_manifest_is_refused_with_the_form_it_should_have(
    world: World, document: Any, reason: str
) -> None:
    message = refused(world, **put_manifest(world, document))
    if document == b"\xff\xfe":
        assert message.startswith(f'The manifest file "{MANIFEST}" is malformed: it is not JSON (')
        assert message.endswith(FORM)
    else:
        assert message == f'The manifest file "{MANIFEST}" is malformed: {reason}. {FORM}'


def test_a_manifest_into_a_bucket_the_role_may_not_read_is_denied(world: World) -> None:
    world.put("s3://secret/x.csv")
    changes = put_manifest(world, [{"prefix": "s3://secret/"}, "x.csv"])
    assert '"s3:GetObject" permission on bucket "secret"' in refused(
        world, RoleArn=READER, **changes
    )


def test_a_name_is_taken_whatever_its_case(world: World) -> None:
    arn = world.create_job("Churn")
    assert refusal(world.client().create_auto_ml_job, **job_request("cHURN")) == (
        "ResourceInUse",
        (
            "AutoML job names must be unique within an AWS account and region, and an AutoML job with "
            f"this name already exists ({arn})"
        ),
    )


def test_the_same_name_is_free_in_another_region_and_account(world: World) -> None:
    world.create_job()
    world.client(region="eu-west-1").create_auto_ml_job(**job_request())
    theirs = f"arn:aws:iam::{OTHER_ACCOUNT}:role/windvane"
    world.client(OTHER_ACCOUNT).create_auto_ml_job(**job_request(RoleArn=theirs))


def test_more_jobs_at_once_than_the_quota_are_refused_and_not_recorded(tmp_path: Path) -> None:
    world = build_world(tmp_path, concurrent_jobs=1)
    world.create_job("first")
    code, message = refusal(world.client().create_auto_ml_job, **job_request("second"))
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        "The account-level service limit 'concurrent AutoML jobs' is 1 Jobs, with current utilization "
        "of 1 Jobs and a request delta of 1 Jobs."
    )
    with world.store.snapshot() as tx:
        assert tx.find(AutoMLJob, SCOPE, "second") is None
        assert tx.tasks(f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/second") == []
    close(world)


def test_tags_of_the_request_are_the_tags_of_the_job(world: World) -> None:
    arn = world.create_job(Tags=[{"Key": "team", "Value": "growth"}])
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "growth"}]


@pytest.mark.parametrize("config", [{}, {"AutoGenerateEndpointName": True}])
def test_a_deploy_config_without_a_name_gets_one_that_begins_with_the_job(
    world: World, config: dict[str, Any]
) -> None:
    name = "a" * 32
    world.create_job(name, ModelDeployConfig=config)
    endpoint_name = job_of(world, name).endpoint_name
    assert endpoint_name.startswith(f"{name}-")
    assert len(endpoint_name) <= 63


@pytest.mark.parametrize(
    "config", [{"EndpointName": "e"}, {"AutoGenerateEndpointName": False, "EndpointName": "e"}]
)
def test_an_endpoint_name_of_the_request_is_used(world: World, config: dict[str, Any]) -> None:
    world.create_job(ModelDeployConfig=config)
    assert job_of(world).endpoint_name == "e"


def test_without_a_deploy_config_nothing_is_to_be_deployed(world: World) -> None:
    world.create_job()
    assert job_of(world).endpoint_name == ""
