"""CreateTransformJob, StopTransformJob, and what the other operations say of such a job."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from api.records import step_record
from api.steps import training_request
from api.world import ACCOUNT, OUTPUT, READER, REGION, SCOPE, World, refusal

from windvane.domain.candidate import StepStatus, TrainingJob, TransformJob
from windvane.domain.task import TaskKind

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
ROWS = "s3://data/rows/"
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 2}


def transform_request(
    name: str = "x",
    uri: str = ROWS,
    kind: str = "S3Prefix",
    source: dict[str, Any] | None = None,
    target: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    where = {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}
    return {
        "TransformJobName": name,
        "ModelName": "m",
        "TransformInput": {
            "DataSource": where,
            "ContentType": "text/csv",
            "SplitType": "Line",
            **(source or {}),
        },
        "TransformOutput": {"S3OutputPath": OUTPUT, **(target or {})},
        "TransformResources": RESOURCES,
        **changes,
    }


@pytest.fixture(autouse=True)
def _model(world: World) -> None:
    world.put(f"{ROWS}a.csv", b"1\n")
    world.create_model()


def refused(world: World, code: str = "ValidationException", **changes: Any) -> str:
    found, message = refusal(
        world.client().create_transform_job, **transform_request("no", **changes)
    )
    assert found == code
    assert world.client().list_transform_jobs()["TransformJobSummaries"] == []
    return message


def test_a_job_keeps_the_trace_of_the_request_that_created_it(world: World) -> None:
    def traced(request: Any, **_: Any) -> None:
        request.headers["traceparent"] = f"00-{'4' * 32}-{'5' * 16}-01"

    client = world.client()
    client.meta.events.register("before-sign.sagemaker", traced)
    client.create_transform_job(**transform_request("traced"))
    with world.store.snapshot() as tx:
        job = tx.find(TransformJob, SCOPE, "traced")
    assert job is not None
    assert re.fullmatch("00-4{32}-(?!5{16})[0-9a-f]{16}-01", job.traceparent)


def test_a_job_is_recorded_with_its_task_and_echoed(world: World) -> None:
    request = transform_request(
        "My-Job",
        source={"CompressionType": "Gzip"},
        target={"Accept": "text/csv", "AssembleWith": "Line"},
        MaxConcurrentTransforms=2,
        MaxPayloadInMB=7,
        BatchStrategy="SingleRecord",
        Environment={"SAGEMAKER_INFERENCE_OUTPUT": "probability"},
        ModelClientConfig={"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"},
        Tags=[{"Key": "team", "Value": "a"}],
    )
    arn = world.client().create_transform_job(**request)["TransformJobArn"]
    assert arn == f"{PREFIX}:transform-job/my-job"
    described = world.client().describe_transform_job(TransformJobName="my-job")
    tags, processing = request.pop("Tags"), request.pop("DataProcessing")
    assert request.items() <= described.items()
    assert described["DataProcessing"] == {"OutputFilter": "$", **processing}
    assert described["TransformJobStatus"] == "InProgress"
    assert not {"TransformStartTime", "FailureReason", "AutoMLJobArn"} & set(described)
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == tags
    with world.store.snapshot() as tx:
        [task] = tx.tasks(arn)
        job = tx.by_arn(TransformJob, arn)
    assert task.kind is TaskKind.STEP
    assert job is not None
    assert len(job.containers) == 1


def test_a_job_that_asks_for_no_processing_says_so(world: World) -> None:
    world.client().create_transform_job(**transform_request())
    described = world.client().describe_transform_job(TransformJobName="x")
    assert described["DataProcessing"] == (
        {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    )


def test_a_step_of_a_candidate_has_data_processing_too(world: World) -> None:
    record = step_record(TransformJob, world.clock.now)
    details = {name: value for name, value in record.details.items() if name != "DataProcessing"}
    world.insert(replace(record, details=details))
    described = world.client().describe_transform_job(TransformJobName="step-1")
    assert described["DataProcessing"]["JoinSource"] == "None"


def test_a_name_is_taken_whatever_its_case(world: World) -> None:
    world.client().create_transform_job(**transform_request("Same"))
    code, message = refusal(world.client().create_transform_job, **transform_request("same"))
    assert code == "ResourceInUse"
    assert message == (
        "Transform job names must be unique within an AWS account and region, and a transform job with this name "
        f"already exists ({PREFIX}:transform-job/same)"
    )


def test_what_is_missing_is_named(world: World) -> None:
    assert refused(world, ModelName="none") == f'Could not find model "{PREFIX}:model/none".'
    message = refused(world, uri="s3://data/nothing/")
    assert message.startswith(
        'No S3 objects found under S3 URL "s3://data/nothing/" given in input data source. Please ensure that the '
        f"bucket exists in the selected region ({REGION}), that objects exist under that S3 prefix, and that the role"
    )
    assert '"s3:ListBucket" permissions on bucket "data"' in message
    target = {"S3OutputPath": "s3://no-such-bucket/x"}
    assert 'Could not find the bucket "no-such-bucket"' in refused(world, target=target)


def test_the_models_role_must_be_allowed_to_read_and_write(world: World) -> None:
    world.create_model("of-reader", ExecutionRoleArn=READER, PrimaryContainer=_of(world))
    target = {"S3OutputPath": "s3://data/x"}
    message = refused(world, ModelName="of-reader", target=target)
    assert f'Access denied: the role "{READER}" has no "s3:PutObject"' in message
    world.client().create_transform_job(**transform_request(ModelName="of-reader"))


def _of(world: World) -> dict[str, Any]:
    described = world.client().describe_model(ModelName="m")["PrimaryContainer"]
    world.put("s3://data/model.tar.gz")
    return {"Image": described["Image"], "ModelDataUrl": "s3://data/model.tar.gz"}


def test_a_manifest_is_read(world: World) -> None:
    manifest = [{"prefix": "s3://data/"}, "rows/a.csv", "rows/none.csv"]
    world.put("s3://data/manifest", json.dumps(manifest).encode())
    message = refused(world, uri="s3://data/manifest", kind="ManifestFile")
    assert '"s3://data/rows/none.csv" named in the manifest file' in message


PROCESSINGS = [
    ({"InputFilter": "$["}, "'dataProcessing.inputFilter': The JSONPath '$[' is malformed"),
    ({"OutputFilter": "x"}, "it must begin with $"),
    ({"InputFilter": "$.a"}, "names members, which rows of text/csv do not have"),
    ({"InputFilter": "$[0][1]"}, "names members"),
]


@pytest.mark.parametrize(("processing", "told"), PROCESSINGS, ids=lambda value: str(value)[:30])
def test_a_malformed_filter_is_refused(processing: dict[str, str], told: str, world: World) -> None:
    assert told in refused(world, DataProcessing=processing)


REFUSED = [
    ({"source": {"SplitType": "RecordIO"}}, "Value 'RecordIO' at 'transformInput.splitType'"),
    ({"source": {"SplitType": "TFRecord"}}, "choose one of: None, Line"),
    ({"kind": "AugmentedManifestFile"}, "'AugmentedManifestFile' at"),
    ({"target": {"KmsKeyId": "key"}}, "The KMS key 'key' at 'transformOutput.kmsKeyId'"),
    ({"TransformResources": {**RESOURCES, "VolumeKmsKeyId": "key"}}, "volumeKmsKeyId"),
    ({"DataCaptureConfig": {"DestinationS3Uri": "s3://data/x"}}, "dataCaptureConfig"),
    ({"ExperimentConfig": {"TrialName": "t"}}, "experimentConfig"),
    ({"MaxPayloadInMB": 101}, "'101' at 'maxPayloadInMB' must be less than or equal to 100"),
    ({"MaxPayloadInMB": 30, "MaxConcurrentTransforms": 4}, "is 120; it must be less"),
    ({"uri": "https://data/x"}, "is not of the form s3://BUCKET/KEY"),
    ({"source": {"ContentType": "application/x-recordio"}}, "'application/x-recordio' is not"),
    ({"source": {"ContentType": "text/csv; charset=latin-1"}}, "in UTF-8"),
    ({"target": {"Accept": "image/png"}}, "Accept type 'image/png' is not supported"),
    (
        {"target": {"Accept": "application/json"}, "DataProcessing": {"JoinSource": "Input"}},
        "both must be the same",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "told"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_would_not_be_honoured_is_refused(
    changes: dict[str, Any], told: str, world: World
) -> None:
    assert told in refused(world, **changes)


def test_stop_is_asked_once_and_refused_at_the_end(world: World) -> None:
    arn = world.client().create_transform_job(**transform_request())["TransformJobArn"]
    for _ in range(2):
        world.client().stop_transform_job(TransformJobName="X")
        described = world.client().describe_transform_job(TransformJobName="x")
        assert described["TransformJobStatus"] == "Stopping"
    with world.store.transaction() as tx:
        job = tx.by_arn(TransformJob, arn)
        assert job is not None
        tx.update(replace(job, status=StepStatus.STOPPED))
    code, message = refusal(world.client().stop_transform_job, TransformJobName="x")
    assert code == "ValidationException"
    assert "the transform job is in status Stopped" in message
    _, message = refusal(world.client().stop_transform_job, TransformJobName="none")
    assert message == "Could not find requested job with name: none."


def test_jobs_are_listed(world: World) -> None:
    for name in ("one", "two"):
        world.clock.advance()
        world.client().create_transform_job(**transform_request(name))
    listed = world.client().list_transform_jobs()["TransformJobSummaries"]
    assert [job["TransformJobName"] for job in listed] == ["two", "one"]
    [one] = world.client().list_transform_jobs(NameContains="one")["TransformJobSummaries"]
    assert one["TransformJobStatus"] == "InProgress"


def test_a_model_may_be_deleted_meanwhile(world: World) -> None:
    arn = world.client().create_transform_job(**transform_request())["TransformJobArn"]
    world.client().delete_model(ModelName="m")
    with world.store.snapshot() as tx:
        job = tx.by_arn(TransformJob, arn)
    assert job is not None
    assert job.containers


def test_a_training_job_of_transformers_may_stand_for_a_model(world: World) -> None:
    world.put("s3://data/dataset/analysis.json")
    for name, algorithm in (("fitted", "sklearn-automl"), ("boosted", "lightgbm")):
        world.client().create_training_job(**training_request(name, algorithm))
    assert "is in status InProgress" in refused(world, ModelName="fitted")
    assert "did not fit transformers" in refused(world, ModelName="boosted")
    with world.store.transaction() as tx:
        training = tx.find(TrainingJob, SCOPE, "fitted")
        assert training is not None
        tx.update(replace(training, status=StepStatus.COMPLETED))
    for changes in (
        {"target": {"Accept": "application/json"}},
        {"source": {"ContentType": "application/json"}},
        {"DataProcessing": {"InputFilter": "$[1:]"}},
    ):
        assert "is not supported" in refused(world, ModelName="fitted", **changes)
    arn = world.client().create_transform_job(**transform_request(ModelName="fitted"))[
        "TransformJobArn"
    ]
    with world.store.snapshot() as tx:
        job = tx.by_arn(TransformJob, arn)
    assert job is not None
    assert job.transformers == "s3://results/steps/fitted/output/model.tar.gz"
    assert job.containers == ()
