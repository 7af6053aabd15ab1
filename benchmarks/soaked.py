"""What clients of a server under soak do, over and over: see benchmarks/soak.py."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.packed import Packed
from windvane.domain.images import ENSEMBLE, TRANSFORMERS, image_uri
from windvane.names import Scope

_SCOPE = Scope("000000000000", "us-east-1")
_FINAL = ("Completed", "Failed", "Stopped")
_GIVE_UP_S = 600.0
_INSTANCE = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
_LARGE = b"a part of a large object " * 250_000
ENDPOINT = "soaked"


class Client:
    """boto3 clients of one server.

    env    what `windvane env` exports
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.bucket, self.role = env["WINDVANE_BUCKET"], env["WINDVANE_ROLE_ARN"]
        self._env = env
        self.s3, self.sagemaker, self.runtime = map(
            self._client, ("s3", "sagemaker", "sagemaker-runtime")
        )

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._env["AWS_ENDPOINT_URL"],
            aws_access_key_id=self._env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._env["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
        )

    def upload(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def wait(self, ask: Callable[[], dict[str, Any]], member: str, good: str) -> None:
        """raises    RuntimeError if the resource ends otherwise; TimeoutError if it does not end"""
        give_up = time.monotonic() + _GIVE_UP_S
        while (answer := ask())[member] != good:
            if answer[member] in _FINAL:
                raise RuntimeError(str(answer))
            if time.monotonic() > give_up:
                raise TimeoutError(str(answer))
            time.sleep(0.5)


def loads(client: Client, packed: Packed) -> dict[str, Callable[[], object]]:
    """By name: what is to be done again and again. Endpoint, table and dataset are there when this returns."""
    table = client.upload("soak/table.csv", _table())
    _deploy(client, packed)
    dataset = _dataset(client, table)
    numbers: Iterator[int] = itertools.count()
    configs = itertools.cycle(["soaked-whole", "soaked-pipeline"])
    return {
        "definitions": lambda: _job(client, table, f"soak-{next(numbers)}", definitions_only=True),
        "jobs": lambda: _job(client, table, f"soak-{next(numbers)}", definitions_only=False),
        "step jobs": lambda: _train(client, dataset, f"soak-{next(numbers)}"),
        "invocations": lambda: _invoke(client, packed.row),
        "updates": lambda: _update(client, next(configs)),
        "objects": lambda: _objects(client, next(numbers)),
        "listings": lambda: _look(client),
    }


def _table() -> bytes:
    rows = [
        f"{i % 17},{i * 7 % 23},{'yes' if i % 17 + i * 7 % 23 > 19 else 'no'}" for i in range(600)
    ]
    return "\n".join(["a,b,y", *rows]).encode()


def _job(client: Client, table: str, name: str, *, definitions_only: bool) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": table}}
    criteria = {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 300}
    client.sagemaker.create_auto_ml_job(
        AutoMLJobName=name,
        InputDataConfig=[{"DataSource": source, "TargetAttributeName": "y"}],
        OutputDataConfig={"S3OutputPath": f"s3://{client.bucket}/soak/output"},
        RoleArn=client.role,
        GenerateCandidateDefinitionsOnly=definitions_only,
        AutoMLJobConfig={"CompletionCriteria": criteria},
    )
    client.wait(
        lambda: dict(client.sagemaker.describe_auto_ml_job(AutoMLJobName=name)),
        "AutoMLJobStatus",
        "Completed",
    )


def _dataset(client: Client, table: str) -> str:
    place = f"s3://{client.bucket}/soak/dataset"
    client.sagemaker.create_processing_job(
        ProcessingJobName="soaked",
        AppSpecification={"ImageUri": image_uri(_SCOPE, TRANSFORMERS)},
        RoleArn=client.role,
        ProcessingInputs=[{"InputName": "table", "S3Input": _file("table", table)}],
        ProcessingOutputConfig={
            "Outputs": [
                {"OutputName": name, "S3Output": _output(name, uri)}
                for name, uri in (("dataset", place), ("header", f"{place}-header"))
            ]
        },
        ProcessingResources={"ClusterConfig": _CLUSTER},
        Environment={"TARGET_ATTRIBUTE_NAME": "y", "OBJECTIVE": "AUC"},
    )
    client.wait(
        lambda: dict(client.sagemaker.describe_processing_job(ProcessingJobName="soaked")),
        "ProcessingJobStatus",
        "Completed",
    )
    return place


def _file(name: str, uri: str) -> dict[str, str]:
    path = f"/opt/ml/processing/{name}"
    return {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}


def _output(name: str, uri: str) -> dict[str, str]:
    path = f"/opt/ml/processing/{name}"
    return {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}


def _train(client: Client, dataset: str, name: str) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": dataset}}
    client.sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={
            "TrainingImage": image_uri(_SCOPE, "linear-learner"),
            "TrainingInputMode": "File",
        },
        HyperParameters={"_folds": "2"},
        RoleArn=client.role,
        InputDataConfig=[{"ChannelName": "dataset", "DataSource": source}],
        OutputDataConfig={"S3OutputPath": f"s3://{client.bucket}/soak/models"},
        ResourceConfig=_CLUSTER,
        StoppingCondition={"MaxRuntimeInSeconds": 300},
    )
    client.wait(
        lambda: dict(client.sagemaker.describe_training_job(TrainingJobName=name)),
        "TrainingJobStatus",
        "Completed",
    )


def _deploy(client: Client, packed: Packed) -> None:
    urls = {
        path.name: client.upload(f"soak/{path.name}", path.read_bytes())
        for path in (packed.whole, packed.transformers, packed.model)
    }
    forward = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
    backward = {"AUTOML_TRANSFORM_MODE": "inverse-label-transform"}
    label = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"}
    read = {"SAGEMAKER_INFERENCE_INPUT": "predicted_label"}
    models: dict[str, list[tuple[str, str, dict[str, str]]]] = {
        "soaked-whole": [(ENSEMBLE, packed.whole.name, label)],
        "soaked-pipeline": [
            (TRANSFORMERS, packed.transformers.name, forward),
            ("lightgbm", packed.model.name, label),
            (TRANSFORMERS, packed.transformers.name, {**backward, **read, **label}),
        ],
    }
    for name, containers in models.items():
        client.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=client.role,
            Containers=[
                {
                    "Image": image_uri(_SCOPE, algorithm),
                    "ModelDataUrl": urls[file],
                    "Environment": environment,
                }
                for algorithm, file, environment in containers
            ],
        )
        variant = {"VariantName": "all", "ModelName": name, **_INSTANCE}
        client.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant]
        )
    client.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="soaked-pipeline")
    _wait_in_service(client)


def _update(client: Client, config: str) -> None:
    client.sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config)
    _wait_in_service(client)
    time.sleep(10)


def _wait_in_service(client: Client) -> None:
    client.wait(
        lambda: dict(client.sagemaker.describe_endpoint(EndpointName=ENDPOINT)),
        "EndpointStatus",
        "InService",
    )


def _invoke(client: Client, row: str) -> None:
    answer = client.runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="text/csv", Body=row)
    if answer["Body"].read().decode().strip() not in ("yes", "no"):
        raise RuntimeError("an answer that is no label")
    time.sleep(0.02)


def _objects(client: Client, number: int) -> None:
    """Put, read, list and delete, in one piece and in parts; nothing stays."""
    names = {"Bucket": client.bucket, "Key": f"soak/objects/{number}"}
    client.s3.put_object(**names, Body=_LARGE[: 1000 + number % 9000])
    if client.s3.get_object(**names)["ContentLength"] != 1000 + number % 9000:
        raise RuntimeError("an object of another length than was put")
    upload = client.s3.create_multipart_upload(**names)["UploadId"]
    sent = client.s3.upload_part(**names, UploadId=upload, PartNumber=1, Body=_LARGE)
    if number % 3:
        parts = {"Parts": [{"PartNumber": 1, "ETag": sent["ETag"]}]}
        client.s3.complete_multipart_upload(**names, UploadId=upload, MultipartUpload=parts)
    else:
        client.s3.abort_multipart_upload(**names, UploadId=upload)
    client.s3.delete_object(**names)
    time.sleep(0.2)


def _look(client: Client) -> None:
    client.sagemaker.list_auto_ml_jobs(MaxResults=20)
    client.sagemaker.list_training_jobs(MaxResults=20)
    client.sagemaker.list_endpoints()
    client.s3.list_objects_v2(Bucket=client.bucket, MaxKeys=100)
    time.sleep(1)
