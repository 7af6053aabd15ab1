"""CreateTrainingJob, CreateProcessingJob, StopTrainingJob, StopProcessingJob."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from api.records import step_record
from api.steps import (
    CLUSTER,
    channel,
    explain_request,
    put_inputs,
    split_request,
    step_input,
    step_output,
    training_request,
)
from api.world import ACCOUNT, READER, REGION, ROLE, SCOPE, World, refusal

from windvane.domain.candidate import ProcessingJob, StepStatus, TrainingJob
from windvane.domain.images import image_uri
from windvane.domain.task import TaskKind
from windvane.engine.learners import extras

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"


UNIQUE = "Training job names must be unique within an AWS account and region, and a training job with this name"


@pytest.fixture(autouse=True)
def _inputs(world: World) -> None:
    put_inputs(world)


def refused_training(world: World, **changes: Any) -> str:
    code, message = refusal(world.client().create_training_job, **training_request("no", **changes))
    assert code == "ValidationException"
    assert world.client().list_training_jobs()["TrainingJobSummaries"] == []
    return message


def refused_processing(world: World, **request: Any) -> str:
    code, message = refusal(world.client().create_processing_job, **request)
    assert code == "ValidationException"
    assert world.client().list_processing_jobs()["ProcessingJobSummaries"] == []
    return message


def test_a_training_job_is_recorded_with_its_task_and_echoed(world: World) -> None:
    request = training_request(
        "My-Job",
        HyperParameters={"num_leaves": "7", "_folds": "2"},
        EnableNetworkIsolation=False,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    answer = world.client().create_training_job(**request)
    arn = f"{PREFIX}:training-job/my-job"
    assert answer["TrainingJobArn"] == arn
    described = world.client().describe_training_job(TrainingJobName="my-job")
    tags = request.pop("Tags")
    assert request.items() <= described.items()
    assert described["TrainingJobStatus"] == "InProgress"
    assert described["SecondaryStatus"] == "Starting"
    assert described["ModelArtifacts"] == {
        "S3ModelArtifacts": "s3://results/steps/My-Job/output/model.tar.gz"
    }
    assert not {"AutoMLJobArn", "TrainingStartTime", "FailureReason"} & set(described)
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == tags
    with world.store.snapshot() as tx:
        [task] = tx.tasks(arn)
    assert task.kind is TaskKind.STEP


def test_a_processing_job_is_recorded_with_its_task_and_echoed(world: World) -> None:
    request = split_request("Split", Tags=[{"Key": "team", "Value": "a"}])
    arn = world.client().create_processing_job(**request)["ProcessingJobArn"]
    assert arn == f"{PREFIX}:processing-job/split"
    described = world.client().describe_processing_job(ProcessingJobName="split")
    tags = request.pop("Tags")
    assert request.items() <= described.items()
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert described["ProcessingJobStatus"] == "InProgress"
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == tags
    with world.store.snapshot() as tx:
        [task] = tx.tasks(arn)
    assert task.kind is TaskKind.STEP


def test_a_job_keeps_the_trace_of_the_request_that_created_it(world: World) -> None:
    def traced(request: Any, **_: Any) -> None:
        request.headers["traceparent"] = f"00-{'4' * 32}-{'5' * 16}-01"

    client = world.client()
    client.create_training_job(**training_request("untraced"))
    client.meta.events.register("before-sign.sagemaker", traced)
    client.create_training_job(**training_request("traced"))
    client.create_processing_job(**split_request("traced"))
    with world.store.snapshot() as tx:
        untraced = tx.find(TrainingJob, SCOPE, "untraced")
        jobs = [tx.find(kind, SCOPE, "traced") for kind in (TrainingJob, ProcessingJob)]
    assert untraced is not None
    assert untraced.traceparent == ""
    for job in jobs:
        assert job is not None
        assert re.fullmatch("00-4{32}-(?!5{16})[0-9a-f]{16}-01", job.traceparent)


def test_a_job_may_run_for_a_day_unless_it_says_otherwise(world: World) -> None:
    request = training_request()
    del request["StoppingCondition"]
    world.client().create_training_job(**request)
    described = world.client().describe_training_job(TrainingJobName="t")
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


def test_names_are_unique_among_all_jobs_of_a_kind_and_no_further(world: World) -> None:
    client = world.client()
    world.insert(step_record(TrainingJob, world.clock(), "a-candidate"))
    client.create_training_job(**training_request("taken"))
    client.create_processing_job(**split_request("taken"))
    for name in ("TAKEN", "a-candidate"):
        assert refusal(client.create_training_job, **training_request(name)) == (
            "ResourceInUse",
            f"{UNIQUE} already exists ({PREFIX}:training-job/{name.lower()})",
        )
    code, message = refusal(client.create_processing_job, **split_request("taken"))
    assert code == "ResourceInUse"
    assert message.startswith("Processing job names must be unique")


def test_foreign_images_are_refused_by_name(world: World) -> None:
    for image in ("docker.io/library/python:3", image_uri(SCOPE, "explainer")):
        specification = {"TrainingImage": image, "TrainingInputMode": "File"}
        message = refused_training(world, AlgorithmSpecification=specification)
        assert message.startswith(f"The image '{image}' at 'algorithmSpecification.trainingImage'")
        assert "lightgbm" in message
        assert "explainer" not in message.removeprefix(f"The image '{image}'")
    image = image_uri(SCOPE, "lightgbm")
    message = refused_processing(world, **split_request(AppSpecification={"ImageUri": image}))
    assert message.endswith("with NAME one of: sklearn-automl, explainer.")


@pytest.mark.parametrize(("algorithm", "extra"), [("fastai", "torch"), ("catboost", "catboost")])
def test_an_image_of_an_extra_that_is_missing_is_refused_with_how_to_install_it(
    world: World, algorithm: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_uri(SCOPE, algorithm)
    specification = {"TrainingImage": image, "TrainingInputMode": "File"}
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert refused_training(world, AlgorithmSpecification=specification) == (
        f"The image '{image}' at 'algorithmSpecification.trainingImage' is not available: the algorithm {algorithm} "
        f"needs the extra '{extra}', which is not installed: pip install 'windvane[{extra}]'."
    )


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"EnableManagedSpotTraining": True}, "enableManagedSpotTraining"),
        ({"CheckpointConfig": {"S3Uri": "s3://results/c"}}, "checkpointConfig"),
        (
            {
                "DebugHookConfig": {
                    "S3OutputPath": "s3://r/d",
                    "HookParameters": {"save_interval": "1"},
                }
            },
            "debugHookConfig.hookParameters",
        ),
        (
            {"ProfilerConfig": {"ProfilingIntervalInMilliseconds": 500}},
            "profilerConfig.profilingIntervalInMilliseconds",
        ),
        ({"Environment": {"A": "1"}}, "environment"),
        ({"ResourceConfig": {**CLUSTER, "InstanceCount": 2}}, "resourceConfig.instanceCount"),
        ({"ResourceConfig": {**CLUSTER, "VolumeKmsKeyId": "k"}}, "resourceConfig.volumeKmsKeyId"),
        (
            {"OutputDataConfig": {"S3OutputPath": "s3://results/a", "KmsKeyId": "k"}},
            "outputDataConfig.kmsKeyId",
        ),
        ({"InputDataConfig": [channel(InputMode="Pipe")]}, "inputDataConfig.1.member.inputMode"),
        ({"RetryStrategy": {"MaximumRetryAttempts": 2}}, "retryStrategy"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 40 * 86400}},
            "stoppingCondition.maxRuntimeInSeconds",
        ),
    ],
)
def test_what_a_training_job_would_not_honour_is_refused(
    world: World, changes: dict[str, Any], place: str
) -> None:
    assert f"'{place}'" in refused_training(world, **changes)


def test_what_the_estimator_of_the_sdk_sends_unasked_is_repeated(world: World) -> None:
    """source    sagemaker 2.257, Estimator.fit: both name output_path, and no more unless it is told a local path"""
    unasked = {
        "DebugHookConfig": {
            "S3OutputPath": "s3://results/steps",
            "LocalPath": "/opt/ml/output/tensors",
        },
        "ProfilerConfig": {"S3OutputPath": "s3://results/steps", "DisableProfiler": False},
    }
    client = world.client()
    client.create_training_job(**training_request("estimated", **unasked))
    told = client.describe_training_job(TrainingJobName="estimated")
    assert {member: told[member] for member in unasked} == unasked
    assert told["ProfilingStatus"] == "Disabled"


def test_pipes_are_refused(world: World) -> None:
    image = image_uri(SCOPE, "lightgbm")
    specification = {"TrainingImage": image, "TrainingInputMode": "Pipe"}
    message = refused_training(world, AlgorithmSpecification=specification)
    assert "'algorithmSpecification.trainingInputMode'" in message


def test_a_training_job_has_a_dataset_or_a_table(world: World) -> None:
    for channels in (
        [channel("training")],
        [channel("validation")],
        [channel(), channel("train")],
        [channel(), channel("validation")],
        [channel(), channel("feature-specification")],
        [channel("train"), *[channel("feature-specification")] * 2],
        [channel(), channel()],
    ):
        message = refused_training(world, InputDataConfig=channels)
        assert "it must have one called dataset and no other, or one called train, or" in message


def test_transformers_may_have_rows_to_validate_with_and_a_specification(world: World) -> None:
    request = training_request("fitted", "sklearn-automl")
    names = ("train", "validation", "feature-specification")
    request["InputDataConfig"] = [channel(name) for name in names]
    world.client().create_training_job(**request)
    told = world.client().describe_training_job(TrainingJobName="fitted")["InputDataConfig"]
    assert [one["ChannelName"] for one in told] == list(names)


@pytest.mark.parametrize(
    ("given", "hyperparameters"),
    [
        ({}, {}),
        ({"ContentType": "text/csv"}, {}),
        ({"ContentType": "text/csv; label_size=1", "CompressionType": "Gzip"}, {}),
        ({"ContentType": "text/csv;header=present"}, {"_target": "y"}),
        ({"ContentType": "application/x-parquet"}, {"_target": "y"}),
        ({}, {"_target": "y", "objective": "binary:logistic"}),
    ],
)
def test_a_table_is_csv_or_parquet(
    world: World, given: dict[str, Any], hyperparameters: dict[str, str]
) -> None:
    channels = [channel(name, **given) for name in ("train", "validation")]
    request = training_request(InputDataConfig=channels, HyperParameters=hyperparameters)
    world.client().create_training_job(**request)
    described = world.client().describe_training_job(TrainingJobName="t")
    assert described["InputDataConfig"] == channels


def test_a_table_may_be_named_by_a_manifest(world: World) -> None:
    world.put("s3://data/manifest", b'[{"prefix": "s3://data/"}, "model"]')
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://data/manifest"}
    one = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    world.client().create_training_job(**training_request(InputDataConfig=[one]))
    one = {"ChannelName": "dataset", "DataSource": {"S3DataSource": source}}
    assert "choose one of: S3Prefix" in refused_training_of(world, [one])


def refused_training_of(world: World, channels: list[dict[str, Any]], **given: str) -> str:
    request = training_request("no", InputDataConfig=channels, HyperParameters=given)
    code, message = refusal(world.client().create_training_job, **request)
    assert code == "ValidationException"
    return message


@pytest.mark.parametrize(
    ("channels", "given", "told"),
    [
        (
            [channel("train", ContentType="text/libsvm")],
            {},
            "Value 'text/libsvm' at 'inputDataConfig.1.member.contentType' is not supported. Choose",
        ),
        (
            [channel("train", ContentType="text/csv;header=present")],
            {},
            "'_target' must be specified",
        ),
        (
            [channel("train", ContentType="text/csv")],
            {"_target": "y"},
            "its columns have no names. Leave '_target' out",
        ),
        (
            [
                channel("train", ContentType="application/x-parquet"),
                channel("validation", ContentType="text/csv;header=present"),
            ],
            {"_target": "y"},
            "their ContentTypes are Parquet and CSV with a header",
        ),
        (
            [channel("train"), channel("validation")],
            {"_validation_fraction": "0.2"},
            "'_validation_fraction' does not go with the channel validation",
        ),
        (
            [channel("train", ContentType="application/x-parquet", CompressionType="Gzip")],
            {"_target": "y"},
            "Parquet files are compressed inside",
        ),
        (
            [channel(ContentType="text/csv")],
            {},
            "'inputDataConfig.1.member.contentType' is not supported",
        ),
        (
            [channel("train"), channel("validation", InputMode="Pipe")],
            {},
            "'inputDataConfig.2.member.inputMode'",
        ),
    ],
)
def test_a_table_of_another_kind_is_refused(
    world: World, channels: list[dict[str, Any]], given: dict[str, str], told: str
) -> None:
    assert told in refused_training_of(world, channels, **given)


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:latest", "linear-learner"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/knn:1", "neighbors"),
        (
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-automl:2.5-1-cpu-py3",
            "sklearn-automl",
        ),
    ],
)
def test_images_of_aws_are_refused_with_ours_that_do_their_work(
    world: World, image: str, ours: str
) -> None:
    specification = {"TrainingImage": image, "TrainingInputMode": "File"}
    message = refused_training(world, AlgorithmSpecification=specification)
    assert message.startswith(f"The image '{image}' at 'algorithmSpecification.trainingImage' is")
    assert message.endswith(f"amazonaws.com/windvane-{ours}:1-cpu-py3.")
    world.put("s3://data/model.tar.gz")
    _, message = refusal(
        world.client().create_model,
        ModelName="no",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": image, "ModelDataUrl": "s3://data/model.tar.gz"},
    )
    assert f"windvane-{ours}:1-cpu-py3" in message


def test_an_ensemble_has_a_channel_for_each_member_besides(world: World) -> None:
    members = [channel(f"member-{n}", f"s3://data/member-{n}") for n in (1, 2)]
    for channels in ([channel()], members, [channel(), members[1]]):
        request = training_request("no", "ensemble", InputDataConfig=channels)
        _, message = refusal(world.client().create_training_job, **request)
        assert "member-1, member-2 ..." in message
    request = training_request("yes", "ensemble", InputDataConfig=[channel(), *members])
    world.client().create_training_job(**request)
    request = training_request("trains-them", "ensemble", HyperParameters={"_member-1": "{}"})
    world.client().create_training_job(**request)


def test_the_role_must_be_allowed_to_read_and_write(world: World) -> None:
    elsewhere = [channel(uri="s3://results/jobs")]
    message = refused_training(world, RoleArn=READER, InputDataConfig=elsewhere)
    assert '"s3:ListBucket" permission on bucket "results"' in message
    message = refused_training(
        world, RoleArn=READER, OutputDataConfig={"S3OutputPath": "s3://data/jobs"}
    )
    assert '"s3:PutObject" permission on bucket "data"' in message
    outputs = {"Outputs": [step_output("dataset", "s3://data/jobs")]}
    message = refused_processing(
        world, **split_request(RoleArn=READER, ProcessingOutputConfig=outputs)
    )
    assert '"s3:PutObject" permission on bucket "data"' in message


def test_inputs_must_be_there(world: World) -> None:
    message = refused_training(world, InputDataConfig=[channel(uri="s3://data/nothing")])
    assert message.startswith('No S3 objects found under S3 URL "s3://data/nothing"')


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Environment": {}}, "TARGET_ATTRIBUTE_NAME must be specified"),
        (
            {"Environment": {"TARGET_ATTRIBUTE_NAME": "y", "MODE": "1"}},
            "The environment variable MODE is not known to sklearn-automl",
        ),
        (
            {"Environment": {"TARGET_ATTRIBUTE_NAME": "y", "PROBLEM_TYPE": "Ranking"}},
            "PROBLEM_TYPE is 'Ranking'. Choose one of: BinaryClassification",
        ),
        (
            {
                "Environment": {
                    "TARGET_ATTRIBUTE_NAME": "y",
                    "PROBLEM_TYPE": "Regression",
                    "OBJECTIVE": "F1",
                }
            },
            "F1",
        ),
        (
            {"ProcessingInputs": [step_input(n, "s3://data/train/") for n in ("a", "b")]},
            "There are 2 ProcessingInputs besides validation and feature-specification",
        ),
        (
            {"ProcessingInputs": [step_input("validation", "s3://data/train/")]},
            "There are 0 ProcessingInputs besides",
        ),
        (
            {
                "ProcessingInputs": [
                    step_input(n, "s3://data/train/") for n in ("t", "validation", "validation")
                ]
            },
            "has 'validation' 2 times",
        ),
        (
            {"Environment": {"TARGET_ATTRIBUTE_NAME": "y", "VALIDATION_FRACTION": "1.0"}},
            "VALIDATION_FRACTION is '1.0'; it must be a number greater than 0 and less than 1",
        ),
        (
            {
                "ProcessingInputs": [
                    step_input(n, "s3://data/train/") for n in ("t", "validation")
                ],
                "Environment": {"TARGET_ATTRIBUTE_NAME": "y", "VALIDATION_FRACTION": "0.5"},
            },
            "VALIDATION_FRACTION does not go with the input 'validation'",
        ),
        ({"ProcessingOutputConfig": {"Outputs": [step_output("model")]}}, "has 'model', which"),
        (
            {"ProcessingOutputConfig": {"Outputs": []}},
            "one or more of: dataset, header, tuning_data",
        ),
        (
            {"ProcessingResources": {"ClusterConfig": {**CLUSTER, "InstanceCount": 3}}},
            "'processingResources.clusterConfig.instanceCount'",
        ),
        (
            {
                "NetworkConfig": {
                    "EnableNetworkIsolation": True,
                    "VpcConfig": {"SecurityGroupIds": ["sg-a"], "Subnets": ["s-1"]},
                }
            },
            "'networkConfig.vpcConfig.subnets.1.member'",
        ),
        (
            {
                "ProcessingInputs": [
                    {
                        "InputName": "table",
                        "S3Input": {
                            "S3Uri": "s3://data/train/",
                            "LocalPath": "/tmp/x",
                            "S3DataType": "S3Prefix",
                        },
                    }
                ]
            },
            "must begin with /opt/ml/processing/",
        ),
    ],
)
def test_what_reading_a_table_cannot_be_asked_is_refused(
    world: World, changes: dict[str, Any], told: str
) -> None:
    assert told in refused_processing(world, **split_request(**changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Environment": {"CANDIDATE_NAME": "../x"}}, "CANDIDATE_NAME is '../x'"),
        (
            {"Environment": {"CANDIDATE_NAME": "x", "CANDIDATE_TITLE": "<b>"}},
            "CANDIDATE_TITLE is '<b>'; it must be of letters",
        ),
        (
            {"ProcessingInputs": [step_input("dataset", "s3://data/dataset")]},
            "lacks the input 'model', which the outputs asked for need. ProcessingInputs lacks the input 'output'",
        ),
        ({"ProcessingOutputConfig": {"Outputs": [step_output("dataset")]}}, "has 'dataset', which"),
    ],
)
def test_what_an_explanation_cannot_be_asked_is_refused(
    world: World, changes: dict[str, Any], told: str
) -> None:
    assert told in refused_processing(world, **explain_request(**changes))


def test_an_explanation_is_accepted(world: World) -> None:
    request = explain_request()
    client = world.client()
    arn = client.create_processing_job(**request)["ProcessingJobArn"]
    told = client.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])
    assert (told["ProcessingJobArn"], told["ProcessingJobStatus"]) == (arn, "InProgress")
    assert told["ProcessingInputs"] == request["ProcessingInputs"]


@pytest.mark.parametrize("word", ["Training", "Processing"])
def test_a_job_that_is_to_stop_is_stopping_and_may_be_stopped_again(
    world: World, word: str
) -> None:
    client, name = world.client(), {f"{word}JobName": "Job"}
    request = training_request("Job") if word == "Training" else split_request("Job")
    getattr(client, f"create_{word.lower()}_job")(**request)
    for _ in range(2):
        getattr(client, f"stop_{word.lower()}_job")(**name)
        answer = getattr(client, f"describe_{word.lower()}_job")(**name)
        assert answer[f"{word}JobStatus"] == "Stopping"


@pytest.mark.parametrize("word", ["Training", "Processing"])
def test_what_has_ended_or_belongs_to_an_automl_job_cannot_be_stopped(
    world: World, word: str
) -> None:
    kind: type[ProcessingJob] = TrainingJob if word == "Training" else ProcessingJob
    record = step_record(kind, world.clock())
    world.insert(record)
    stop = getattr(world.client(), f"stop_{word.lower()}_job")
    code, message = refusal(stop, **{f"{word}JobName": "step-1"})
    assert (code, "stop that job" in message) == ("ValidationException", True)
    world.update(replace(record, status=StepStatus.COMPLETED))
    code, message = refusal(stop, **{f"{word}JobName": "step-1"})
    assert (code, "in status Completed" in message) == ("ValidationException", True)
    assert refusal(stop, **{f"{word}JobName": "nope"})[0] == "ValidationException"


def test_a_job_whose_time_was_over_says_so(world: World) -> None:
    now = world.clock()
    world.insert(
        replace(
            step_record(TrainingJob, now),
            parent="",
            started=now,
            ended=now,
            status=StepStatus.STOPPED,
            out_of_time=True,
        )
    )
    answer = world.client().describe_training_job(TrainingJobName="step-1")
    assert answer["TrainingJobStatus"] == "Stopped"
    assert answer["SecondaryStatus"] == "MaxRuntimeExceeded"
