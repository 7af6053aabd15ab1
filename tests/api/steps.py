"""Small valid requests for step jobs."""

from __future__ import annotations

from typing import Any

from api.world import ROLE, SCOPE, World

from windvane.domain.images import EXPLAINER, TRANSFORMERS, image_uri

DATASET = "s3://data/dataset"
LOCAL = "/opt/ml/processing"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}


def channel(name: str = "dataset", uri: str = DATASET, **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    return {"ChannelName": name, "DataSource": source, **changes}


def training_request(
    name: str = "t", algorithm: str = "lightgbm", **changes: Any
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image_uri(SCOPE, algorithm),
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "InputDataConfig": [channel()],
        "OutputDataConfig": {"S3OutputPath": "s3://results/steps"},
        "ResourceConfig": CLUSTER,
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    return request | changes


def step_input(name: str, uri: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": f"{LOCAL}/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**source, "S3InputMode": "File"}}


def step_output(name: str, uri: str = "s3://results/made") -> dict[str, Any]:
    target = {"S3Uri": uri, "LocalPath": f"{LOCAL}/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": target}


def split_request(name: str = "p", **changes: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": image_uri(SCOPE, TRANSFORMERS)},
        "RoleArn": ROLE,
        "ProcessingInputs": [step_input("table", "s3://data/train/")],
        "ProcessingOutputConfig": {"Outputs": [step_output("dataset"), step_output("header")]},
        "ProcessingResources": {"ClusterConfig": CLUSTER},
        "Environment": {"TARGET_ATTRIBUTE_NAME": "y"},
    }
    return request | changes


def explain_request(name: str = "e", **changes: Any) -> dict[str, Any]:
    inputs = [step_input(one, f"s3://data/{one}") for one in ("dataset", "model", "output")]
    request = split_request(
        name,
        AppSpecification={"ImageUri": image_uri(SCOPE, EXPLAINER)},
        ProcessingInputs=inputs,
        ProcessingOutputConfig={"Outputs": [step_output("explanation"), step_output("insights")]},
        Environment={"CANDIDATE_NAME": "c-1"},
    )
    return request | changes


def put_inputs(world: World) -> None:
    for name in ("dataset/analysis.json", "model", "output", "member-1", "member-2"):
        world.put(f"s3://data/{name}")
