"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from typing import Any

import pytest
from api.world import (
    ACCOUNT,
    IMAGE,
    MODEL_DATA,
    READER,
    REGION,
    ROLE,
    SCOPE,
    World,
    model_request,
    refusal,
)

from windvane.domain.candidate import Container
from windvane.domain.deployment import Model

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m"
NOT_SERVED = "is not supported by this server: leave it out"
CONTAINER = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}

UNDECLARED = "is not declared on this server ([[networks]] in its configuration): declared are"


def pipeline(*changes: dict[str, Any]) -> dict[str, Any]:
    """A request with one of `Containers` for each argument."""
    request = model_request(Containers=[CONTAINER | change for change in changes])
    del request["PrimaryContainer"]
    return request


def refused(world: World, request: dict[str, Any]) -> str:
    """The message of a ValidationException; nothing may be left behind."""
    code, message = refusal(world.client().create_model, **request)
    assert code == "ValidationException"
    assert world.client().list_models()["Models"] == []
    return message


def test_a_model_is_described_as_it_was_made(world: World) -> None:
    container = CONTAINER | {"Environment": {"A": "1"}, "ContainerHostname": "first"}
    arn = world.create_model("M", PrimaryContainer=container, Tags=[{"Key": "k", "Value": "v"}])
    answer = world.client().describe_model(ModelName="m")
    del answer["ResponseMetadata"]
    assert answer == {
        "ModelName": "M",
        "ModelArn": arn,
        "PrimaryContainer": container,
        "ExecutionRoleArn": ROLE,
        "CreationTime": world.clock(),
        "EnableNetworkIsolation": False,
    }
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_isolation_and_a_network_are_repeated(world: World) -> None:
    vpc = {"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-b"]}
    world.create_model("m", EnableNetworkIsolation=True, VpcConfig=vpc)
    answer = world.client().describe_model(ModelName="m")
    assert (answer["EnableNetworkIsolation"], answer["VpcConfig"]) == (True, vpc)


def test_a_pipeline_keeps_its_containers_in_order(world: World) -> None:
    world.put(MODEL_DATA)
    world.client().create_model(**pipeline({}, {"Environment": {"A": "1"}}, {}))
    with world.store.snapshot() as tx:
        model = tx.find(Model, SCOPE, "m")
    assert model is not None
    assert model.containers == (
        Container(IMAGE, MODEL_DATA),
        Container(IMAGE, MODEL_DATA, {"A": "1"}),
        Container(IMAGE, MODEL_DATA),
    )
    assert len(world.client().describe_model(ModelName="m")["Containers"]) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["a", None],
            "If one of Containers has a ContainerHostname, each of them must have one.",
        ),
        (["a", "a"], "The ContainerHostname 'a' is given more than once in Containers."),
    ],
)
def test_host_names_that_do_not_tell_containers_apart_are_refused(
    world: World, names: list[str | None], message: str
) -> None:
    world.put(MODEL_DATA)
    changes = [{"ContainerHostname": name} if name else {} for name in names]
    assert refused(world, pipeline(*changes)) == message


def test_containers_are_called_by_their_host_names(world: World) -> None:
    world.put(MODEL_DATA)
    world.client().create_model(
        **pipeline({"ContainerHostname": "first"}, {"ContainerHostname": "second"}),
        InferenceExecutionConfig={"Mode": "Serial"},
    )
    with world.store.snapshot() as tx:
        model = tx.find(Model, SCOPE, "m")
    assert model is not None
    assert [container.hostname for container in model.containers] == ["first", "second"]
    answer = world.client().describe_model(ModelName="m")
    assert answer["InferenceExecutionConfig"] == {"Mode": "Serial"}


def test_a_model_needs_no_role(world: World) -> None:
    world.put(MODEL_DATA)
    request = model_request()
    del request["ExecutionRoleArn"]
    world.client().create_model(**request)
    assert "ExecutionRoleArn" not in world.client().describe_model(ModelName="m")


def test_a_name_is_taken_whatever_its_case(world: World) -> None:
    world.create_model("m")
    assert refusal(world.client().create_model, **model_request("M")) == (
        "ValidationException",
        f'Cannot create already existing model "{ARN}".',
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
            (
                f"Value 'subnet-1' at 'vpcConfig.subnets.1.member' {UNDECLARED}: subnet-a, subnet-b. "
                f"Value 'sg-1' at 'vpcConfig.securityGroupIds.1.member' {UNDECLARED}: sg-a."
            ),
        ),
        (
            {"InferenceExecutionConfig": {"Mode": "Direct"}},
            (
                "Value 'Direct' at 'inferenceExecutionConfig.mode' is not supported by this server: the containers "
                "of a candidate make one pipeline and cannot be invoked one by one. Leave it out or choose Serial."
            ),
        ),
        (
            {"PrimaryContainer": CONTAINER | {"Mode": "MultiModel"}},
            f"Value 'MultiModel' at 'primaryContainer.mode' {NOT_SERVED} or choose one of: SingleModel.",
        ),
        (
            {"PrimaryContainer": CONTAINER | {"ModelPackageName": "p"}},
            f"The member 'primaryContainer.modelPackageName' {NOT_SERVED}.",
        ),
        (
            {
                "PrimaryContainer": CONTAINER
                | {"MultiModelConfig": {"ModelCacheSetting": "Enabled"}}
            },
            f"The member 'primaryContainer.multiModelConfig' {NOT_SERVED}.",
        ),
        (
            {"PrimaryContainer": {"Image": IMAGE}},
            "The member 'primaryContainer.modelDataUrl' must be specified.",
        ),
        (
            {"PrimaryContainer": {"ModelDataUrl": MODEL_DATA}},
            "The member 'primaryContainer.image' must be specified.",
        ),
        (
            {"PrimaryContainer": CONTAINER | {"Image": "docker.io/x:1"}},
            (
                "The image 'docker.io/x:1' at 'primaryContainer.image' is not supported by this server: "
                "choose one of the InferenceContainers of a candidate."
            ),
        ),
        (
            {"PrimaryContainer": CONTAINER | {"ModelDataUrl": "https://b/k"}},
            "Value 'https://b/k' at 'primaryContainer.modelDataUrl' is not of the form s3://BUCKET/KEY.",
        ),
        (
            {"Containers": [CONTAINER]},
            "Specify either PrimaryContainer or Containers, not both.",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    world: World, changes: dict[str, Any], message: str
) -> None:
    world.put(MODEL_DATA)
    assert refused(world, model_request(**changes)) == message


def test_a_fault_in_a_pipeline_names_the_container(world: World) -> None:
    request = pipeline(
        {},
        {
            "ModelDataSource": {
                "S3DataSource": {
                    "S3Uri": MODEL_DATA,
                    "S3DataType": "S3Object",
                    "CompressionType": "Gzip",
                }
            }
        },
    )
    assert (
        refused(world, request) == f"The member 'containers.2.member.modelDataSource' {NOT_SERVED}."
    )


def test_a_model_without_containers_is_refused(world: World) -> None:
    assert refused(world, pipeline()) == (
        "Either PrimaryContainer or Containers must be specified."
    )


def test_missing_model_data_are_told_in_aws_own_words(world: World) -> None:
    assert refused(world, model_request()) == f"Could not find model data at {MODEL_DATA}."


def test_an_unknown_role_cannot_be_assumed(world: World) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/stranger"
    message = refused(world, model_request(ExecutionRoleArn=arn))
    assert message.startswith(f"The role {arn} cannot be assumed.")


def test_a_role_that_may_not_read_the_model_data_is_denied(world: World) -> None:
    world.put(MODEL_DATA)
    message = refused(world, model_request(ExecutionRoleArn=READER))
    assert message.startswith(
        f'Access denied: the role "{READER}" has no "s3:GetObject" permission on bucket "results".'
    )


def test_model_data_of_another_account_are_denied_without_a_role_too(world: World) -> None:
    world.put("s3://theirs/model")
    with world.store.transaction() as tx:
        tx.claim_bucket("theirs", "444455556666", world.clock())
    request = model_request(PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://theirs/model"})
    del request["ExecutionRoleArn"]
    assert refused(world, request).endswith("The bucket belongs to another account.")


def test_a_deleted_model_is_gone_with_its_tags(world: World) -> None:
    arn = world.create_model(Tags=[{"Key": "k", "Value": "v"}])
    world.client().delete_model(ModelName="M")
    assert refusal(world.client().describe_model, ModelName="m") == (
        "ValidationException",
        f'Could not find model "{ARN}".',
    )
    world.create_model()
    assert world.client().list_tags(ResourceArn=arn)["Tags"] == []


def test_deleting_a_missing_model_is_refused(client: Any) -> None:
    assert refusal(client.delete_model, ModelName="m") == (
        "ValidationException",
        f'Could not find model "{ARN}".',
    )


def test_models_are_listed_newest_first(world: World) -> None:
    for name in ("b", "a", "c"):
        world.create_model(name)
        world.clock.advance()
    models = world.client().list_models()["Models"]
    assert [model["ModelName"] for model in models] == ["c", "a", "b"]
    assert set(models[0]) == {"ModelName", "ModelArn", "CreationTime"}
    named = world.client().list_models(SortBy="Name", SortOrder="Ascending", MaxResults=2)
    assert [model["ModelName"] for model in named["Models"]] == ["a", "b"]
    rest = world.client().list_models(
        SortBy="Name", SortOrder="Ascending", NextToken=named["NextToken"]
    )
    assert [model["ModelName"] for model in rest["Models"]] == ["c"]
