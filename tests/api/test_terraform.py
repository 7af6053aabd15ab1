"""What Terraform's AWS provider asks, in its order: apply, refresh, change, destroy.

aws_sagemaker_model, aws_sagemaker_endpoint_configuration and aws_sagemaker_endpoint: every refresh is a Describe and
a ListTags; what is gone is known by the code ValidationException and the beginning of its text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api.world import IMAGE, MODEL_DATA, ROLE, SCOPE, World, refusal

from windvane.domain.deployment import Endpoint, EndpointStatus

TAGS = [{"Key": "team", "Value": "churn"}]
MODEL, CONFIG = "terraform-20261125000000000000000001", "terraform-20261125000000000000000002"
NEXT_CONFIG = "terraform-20261125000000000000000003"
ENDPOINT = "churn"


def model_as_the_provider_sends_it() -> dict[str, Any]:
    container = {
        "Image": IMAGE,
        "Mode": "SingleModel",
        "ModelDataUrl": MODEL_DATA,
        "Environment": {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"},
    }
    return {
        "ModelName": MODEL,
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": container,
        "EnableNetworkIsolation": False,
        "Tags": TAGS,
    }


def config_as_the_provider_sends_it(name: str = CONFIG, count: int = 1) -> dict[str, Any]:
    variant = {
        "VariantName": "terraform-20261125000000000000000004",
        "ModelName": MODEL,
        "InitialInstanceCount": count,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": TAGS}


def refreshed(client: Any, described: dict[str, Any], kind: str) -> tuple[dict[str, Any], Any]:
    """What the provider keeps of a resource: the description, and its tags."""
    return described, client.list_tags(ResourceArn=described[f"{kind}Arn"])["Tags"]


def change_status(world: World, status: EndpointStatus) -> None:
    """What hosting does."""
    with world.store.snapshot() as tx:
        endpoint = tx.find(Endpoint, SCOPE, ENDPOINT)
    assert endpoint is not None
    if status is EndpointStatus.DELETING:
        with world.store.transaction() as tx:
            tx.delete(endpoint)
        return
    world.update(
        replace(
            endpoint,
            status=status,
            running=endpoint.desired,
            running_config_name=endpoint.config_name,
        )
    )


@pytest.fixture
def applied(world: World) -> World:
    client = world.client()
    world.put(MODEL_DATA)
    client.create_model(**model_as_the_provider_sends_it())
    client.create_endpoint_config(**config_as_the_provider_sends_it())
    client.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=CONFIG, Tags=TAGS)
    assert client.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Creating"
    change_status(world, EndpointStatus.IN_SERVICE)
    return world


def test_a_refresh_finds_what_was_applied(applied: World) -> None:
    client = applied.client()
    model, tags = refreshed(client, client.describe_model(ModelName=MODEL), "Model")
    sent = model_as_the_provider_sends_it()
    assert {name: model[name] for name in ("ModelName", "ExecutionRoleArn")} == {
        name: sent[name] for name in ("ModelName", "ExecutionRoleArn")
    }
    assert model["PrimaryContainer"] == sent["PrimaryContainer"]
    assert model["EnableNetworkIsolation"] is False
    assert tags == TAGS
    config, tags = refreshed(
        client, client.describe_endpoint_config(EndpointConfigName=CONFIG), "EndpointConfig"
    )
    assert config["ProductionVariants"] == config_as_the_provider_sends_it()["ProductionVariants"]
    assert tags == TAGS
    endpoint, tags = refreshed(client, client.describe_endpoint(EndpointName=ENDPOINT), "Endpoint")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", CONFIG)
    assert tags == TAGS


def test_a_change_of_tags_and_of_the_configuration_is_applied(applied: World) -> None:
    client = applied.client()
    arn = client.describe_endpoint(EndpointName=ENDPOINT)["EndpointArn"]
    client.delete_tags(ResourceArn=arn, TagKeys=["team"])
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "ops"}])
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "ops"}]
    client.create_endpoint_config(**config_as_the_provider_sends_it(NEXT_CONFIG, count=2))
    client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=NEXT_CONFIG)
    change_status(applied, EndpointStatus.IN_SERVICE)
    client.delete_endpoint_config(EndpointConfigName=CONFIG)
    endpoint = client.describe_endpoint(EndpointName=ENDPOINT)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == (
        "InService",
        NEXT_CONFIG,
    )


def test_what_was_destroyed_is_gone_in_the_words_the_provider_knows(applied: World) -> None:
    client = applied.client()
    client.delete_endpoint(EndpointName=ENDPOINT)
    change_status(applied, EndpointStatus.DELETING)
    client.delete_endpoint_config(EndpointConfigName=CONFIG)
    client.delete_model(ModelName=MODEL)
    for operation, parameters, beginning in (
        (client.describe_endpoint, {"EndpointName": ENDPOINT}, "Could not find endpoint "),
        (
            client.describe_endpoint_config,
            {"EndpointConfigName": CONFIG},
            "Could not find endpoint configuration ",
        ),
        (client.describe_model, {"ModelName": MODEL}, "Could not find model "),
        (client.delete_endpoint, {"EndpointName": ENDPOINT}, "Could not find endpoint "),
        (
            client.delete_endpoint_config,
            {"EndpointConfigName": CONFIG},
            "Could not find endpoint configuration ",
        ),
        (client.delete_model, {"ModelName": MODEL}, "Could not find model "),
    ):
        code, text = refusal(operation, **parameters)
        assert code == "ValidationException"
        assert text.startswith(beginning)


def test_a_second_apply_of_the_same_names_is_refused(applied: World) -> None:
    client = applied.client()
    for operation, parameters in (
        (client.create_model, model_as_the_provider_sends_it()),
        (client.create_endpoint_config, config_as_the_provider_sends_it()),
    ):
        code, text = refusal(operation, **parameters)
        assert code == "ValidationException"
        assert text.startswith("Cannot create already existing ")
