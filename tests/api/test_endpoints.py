"""CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint, DeleteEndpoint; weights and capacities stand in
test_rescaling.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.world import (
    ACCOUNT,
    IMAGE,
    REGION,
    SCOPE,
    World,
    build_world,
    close,
    refusal,
    variant,
)

from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.notes.note import said

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e"
CONFIG_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint-config"


@pytest.fixture
def ready(world: World) -> World:
    """With a model and a configuration."""
    world.create_model()
    world.create_config()
    return world


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[World]:
    """With room for three instances an account."""
    world = build_world(tmp_path, instances=3)
    world.create_model()
    world.create_config("two", ProductionVariants=[variant(InitialInstanceCount=2)])
    yield world
    close(world)


def create(world: World, name: str = "e", config: str = "c", **changes: Any) -> str:
    answer = world.client().create_endpoint(EndpointName=name, EndpointConfigName=config, **changes)
    return str(answer["EndpointArn"])


def endpoint_of(world: World, name: str = "e") -> Endpoint:
    with world.store.snapshot() as tx:
        endpoint = tx.find(Endpoint, SCOPE, name)
    assert endpoint is not None
    return endpoint


def in_service(world: World, name: str = "e") -> None:
    """What hosting does when the instances answer."""
    endpoint = endpoint_of(world, name)
    world.update(
        replace(
            endpoint,
            status=EndpointStatus.IN_SERVICE,
            running=endpoint.desired,
            running_config_name=endpoint.config_name,
            running_generation=endpoint.desired_generation,
            is_rescaling=False,
        )
    )


def described(world: World) -> dict[str, Any]:
    answer: dict[str, Any] = world.client().describe_endpoint(EndpointName="e")
    del answer["ResponseMetadata"]
    return answer


def test_an_endpoint_begins_as_creating_with_its_variants_pending(ready: World) -> None:
    assert create(ready) == ARN
    assert described(ready) == {
        "EndpointName": "e",
        "EndpointArn": ARN,
        "EndpointConfigName": "c",
        "EndpointStatus": "Creating",
        "CreationTime": ready.clock(),
        "LastModifiedTime": ready.clock(),
        "PendingDeploymentSummary": {
            "EndpointConfigName": "c",
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "DeployedImages": [{"SpecifiedImage": IMAGE}],
                    "DesiredWeight": 1.0,
                    "DesiredInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                }
            ],
        },
    }


def test_an_endpoint_in_service_tells_its_variants(ready: World) -> None:
    create(ready)
    in_service(ready)
    answer = described(ready)
    assert answer["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in answer
    assert answer["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "DeployedImages": [{"SpecifiedImage": IMAGE}],
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 1,
            "DesiredInstanceCount": 1,
        }
    ]


def test_a_failed_endpoint_tells_why(ready: World) -> None:
    create(ready)
    failed = replace(
        endpoint_of(ready), status=EndpointStatus.FAILED, failure=said("The model is damaged.")
    )
    ready.update(failed)
    answer = described(ready)
    assert answer["FailureReason"] == "The model is damaged."
    assert not {"ProductionVariants", "PendingDeploymentSummary"} & set(answer)


def test_an_existing_endpoint_is_told_in_aws_own_words(ready: World) -> None:
    create(ready)
    assert refusal(ready.client().create_endpoint, EndpointName="E", EndpointConfigName="c") == (
        "ValidationException",
        f'Cannot create already existing endpoint "{ARN}".',
    )


def test_an_endpoint_of_a_missing_config_is_refused(client: Any) -> None:
    assert refusal(client.create_endpoint, EndpointName="e", EndpointConfigName="x") == (
        "ValidationException",
        f'Could not find endpoint configuration "{CONFIG_ARN}/x".',
    )


def test_an_endpoint_whose_model_is_gone_is_refused(ready: World) -> None:
    ready.client().delete_model(ModelName="m")
    assert refusal(ready.client().create_endpoint, EndpointName="e", EndpointConfigName="c") == (
        "ValidationException",
        f'Could not find model "arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m".',
    )


DEPLOYMENT = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    }
}


def test_a_deployment_config_is_refused_by_name(ready: World) -> None:
    message = "The member 'deploymentConfig' is not supported by this server: leave it out."
    names = {"EndpointName": "e", "EndpointConfigName": "c"}
    call = ready.client().create_endpoint
    assert refusal(call, DeploymentConfig=DEPLOYMENT, **names) == ("ValidationException", message)
    create(ready)
    call = ready.client().update_endpoint
    assert refusal(call, DeploymentConfig=DEPLOYMENT, **names) == ("ValidationException", message)


def test_more_instances_than_the_quota_are_refused(cramped: World) -> None:
    create(cramped, "first", "two")
    code, message = refusal(
        cramped.client().create_endpoint, EndpointName="second", EndpointConfigName="two"
    )
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        "The account-level service limit 'instances for endpoint usage' is 3 Instances, with current "
        "utilization of 2 Instances and a request delta of 2 Instances."
    )


def test_endpoints_that_are_going_free_their_instances(cramped: World) -> None:
    create(cramped, "first", "two")
    cramped.client().delete_endpoint(EndpointName="first")
    create(cramped, "second", "two")


def test_an_update_tells_the_old_config_until_it_is_done(ready: World) -> None:
    create(ready)
    in_service(ready)
    ready.create_config("new", ProductionVariants=[variant(InitialInstanceCount=2)])
    later = ready.clock.advance()
    ready.client().update_endpoint(EndpointName="e", EndpointConfigName="new")
    answer = described(ready)
    assert answer["EndpointStatus"] == "Updating"
    assert answer["EndpointConfigName"] == "c"
    assert answer["PendingDeploymentSummary"]["EndpointConfigName"] == "new"
    assert answer["LastModifiedTime"] == later
    (running,) = answer["ProductionVariants"]
    assert (running["CurrentInstanceCount"], running["DesiredInstanceCount"]) == (1, 2)
    assert endpoint_of(ready).generation == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (EndpointStatus.CREATING, f'Cannot update in-progress endpoint "{ARN}".'),
        (EndpointStatus.UPDATING, f'Cannot update in-progress endpoint "{ARN}".'),
        (
            EndpointStatus.FAILED,
            f'Cannot update endpoint "{ARN}" in status Failed: it must be InService.',
        ),
    ],
)
def test_an_endpoint_that_is_not_in_service_cannot_be_updated(
    ready: World, status: EndpointStatus, message: str
) -> None:
    create(ready)
    ready.insert_anew(replace(endpoint_of(ready), status=status))
    call = ready.client().update_endpoint
    assert refusal(call, EndpointName="e", EndpointConfigName="c") == (
        "ValidationException",
        message,
    )


def test_an_update_counts_what_the_endpoint_will_have(cramped: World) -> None:
    create(cramped, "e", "two")
    in_service(cramped)
    cramped.create_config("three", ProductionVariants=[variant(InitialInstanceCount=3)])
    cramped.create_config("four", ProductionVariants=[variant(InitialInstanceCount=4)])
    call = cramped.client().update_endpoint
    assert refusal(call, EndpointName="e", EndpointConfigName="four")[0] == "ResourceLimitExceeded"
    assert endpoint_of(cramped).status is EndpointStatus.IN_SERVICE
    call(EndpointName="e", EndpointConfigName="three")


def test_what_a_serverless_endpoint_may_take_counts_as_instances(cramped: World) -> None:
    cramped.create_config(
        "serverless",
        ProductionVariants=[
            {
                "VariantName": "A",
                "ModelName": "m",
                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2},
            }
        ],
    )
    create(cramped, "first", "serverless")
    code, message = refusal(
        cramped.client().create_endpoint, EndpointName="second", EndpointConfigName="two"
    )
    assert code == "ResourceLimitExceeded"
    assert "current utilization of 2 Instances and a request delta of 2 Instances" in message


def test_the_order_in_which_the_sdk_deletes_works(ready: World) -> None:
    create(ready)
    in_service(ready)
    client = ready.client()
    config = client.describe_endpoint(EndpointName="e")["EndpointConfigName"]
    client.delete_endpoint_config(EndpointConfigName=config)
    client.delete_model(ModelName="m")
    client.delete_endpoint(EndpointName="E")
    client.delete_endpoint(EndpointName="e")
    assert described(ready)["EndpointStatus"] == "Deleting"


def test_the_waiter_for_deletion_ends_once_the_record_is_gone(ready: World) -> None:
    create(ready)
    with ready.store.transaction() as tx:
        tx.delete(endpoint_of(ready))
    ready.client().get_waiter("endpoint_deleted").wait(EndpointName="e")


@pytest.mark.parametrize("operation", ["describe_endpoint", "delete_endpoint"])
def test_a_missing_endpoint_is_told_in_aws_own_words(client: Any, operation: str) -> None:
    assert refusal(getattr(client, operation), EndpointName="e") == (
        "ValidationException",
        f'Could not find endpoint "{ARN}".',
    )


def test_endpoints_are_listed_newest_first_and_picked_by_status(ready: World) -> None:
    for name in ("b", "a"):
        create(ready, name)
        ready.clock.advance()
    in_service(ready, "b")
    client = ready.client()
    endpoints = client.list_endpoints()["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in endpoints] == ["a", "b"]
    assert set(endpoints[0]) == {
        "EndpointName",
        "EndpointArn",
        "EndpointStatus",
        "CreationTime",
        "LastModifiedTime",
    }
    (serving,) = client.list_endpoints(StatusEquals="InService")["Endpoints"]
    assert serving["EndpointName"] == "b"
