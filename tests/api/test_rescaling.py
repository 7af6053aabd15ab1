"""UpdateEndpointWeightsAndCapacities, what DescribeEndpoint tells of it, and what UpdateEndpoint retains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.test_endpoints import ARN, create, described, endpoint_of, in_service
from api.world import World, build_world, close, refusal, variant

from windvane.domain.deployment import EndpointStatus

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 3}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[World]:
    """With an endpoint of the variants A (one instance) and S (serverless), and room for nine processes."""
    world = build_world(tmp_path, instances=9)
    world.create_model()
    world.create_config(
        ProductionVariants=[
            variant("A"),
            {"VariantName": "S", "ModelName": "m", "ServerlessConfig": SERVERLESS},
        ]
    )
    create(world)
    in_service(world)
    yield world
    close(world)


def rescale(world: World, *wishes: dict[str, Any]) -> str:
    answer = world.client().update_endpoint_weights_and_capacities(
        EndpointName="e", DesiredWeightsAndCapacities=list(wishes)
    )
    return str(answer["EndpointArn"])


def refused(world: World, *wishes: dict[str, Any]) -> tuple[str, str]:
    return refusal(
        world.client().update_endpoint_weights_and_capacities,
        EndpointName="e",
        DesiredWeightsAndCapacities=list(wishes),
    )


def test_the_log_of_an_endpoint_tells_of_its_new_weights_and_capacities(running: World) -> None:
    update = {"MaxConcurrency": 4, "ProvisionedConcurrency": 2}
    wishes = (
        {"VariantName": "A", "DesiredWeight": 0.25, "DesiredInstanceCount": 3},
        {"VariantName": "S", "ServerlessUpdateConfig": update},
    )
    rescale(running, *wishes)
    logs = running.client(service="logs")
    group = "/aws/sagemaker/Endpoints/e"
    told = {one["message"] for one in logs.filter_log_events(logGroupName=group)["events"]}
    assert told == {
        "Variant A: weight 1 becomes 0.25, instances 1 becomes 3.",
        "Variant S: maximum concurrent requests 3 becomes 4, provisioned processes 0 becomes 2.",
    }


def test_current_figures_are_those_that_hold_until_the_change_is_done(running: World) -> None:
    later = running.clock.advance()
    wish = {"VariantName": "A", "DesiredWeight": 0.25, "DesiredInstanceCount": 3}
    assert rescale(running, wish) == ARN
    answer = described(running)
    assert answer["EndpointStatus"] == "Updating"
    assert answer["LastModifiedTime"] == later
    assert "PendingDeploymentSummary" not in answer
    first, second = answer["ProductionVariants"]
    assert (first["CurrentWeight"], first["DesiredWeight"]) == (1.0, 0.25)
    assert (first["CurrentInstanceCount"], first["DesiredInstanceCount"]) == (1, 3)
    assert (second["CurrentWeight"], second["DesiredWeight"]) == (1.0, 1.0)
    in_service(running)
    answer = described(running)
    assert answer["EndpointConfigName"] == "c"
    assert answer["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert endpoint_of(running).running_generation == 1


def test_a_serverless_variant_is_described_with_what_it_has_and_what_it_will_have(
    running: World,
) -> None:
    rescale(running, {"VariantName": "S", "ServerlessUpdateConfig": {"MaxConcurrency": 2}})
    found = described(running)["ProductionVariants"][1]
    assert found["CurrentServerlessConfig"] == SERVERLESS
    assert found["DesiredServerlessConfig"] == SERVERLESS | {"MaxConcurrency": 2}
    assert (found["CurrentInstanceCount"], found["DesiredInstanceCount"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (
            [{"VariantName": "A"}, {"VariantName": "X"}, {"VariantName": "Y"}],
            'The variant name(s) "X, Y" is/are not present within endpoint configuration "c".',
        ),
        (
            [{"VariantName": "A"}, {"VariantName": "A"}],
            "The variant name 'A' is given more than once in DesiredWeightsAndCapacities.",
        ),
        (
            [{"VariantName": "S", "DesiredInstanceCount": 2}],
            (
                "The variant 'S' is serverless and has no instances: leave out its "
                "DesiredInstanceCount."
            ),
        ),
        (
            [{"VariantName": "A", "DesiredInstanceCount": 0}],
            "The DesiredInstanceCount of the variant 'A' must be 1 or more.",
        ),
        (
            [{"VariantName": "A", "ServerlessUpdateConfig": {"MaxConcurrency": 2}}],
            "The variant 'A' is not serverless: leave out its ServerlessUpdateConfig.",
        ),
        (
            [{"VariantName": "S", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 4}}],
            (
                "The ProvisionedConcurrency of the variant 'S', 4, must be at most its "
                "MaxConcurrency, 3."
            ),
        ),
        (
            [{"VariantName": name, "DesiredWeight": 0.0} for name in "AS"],
            "At least one variant must have a DesiredWeight above 0.",
        ),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(
    running: World, wishes: list[dict[str, Any]], message: str
) -> None:
    assert refused(running, *wishes) == ("ValidationException", message)
    assert endpoint_of(running).status is EndpointStatus.IN_SERVICE


@pytest.mark.parametrize("status", [EndpointStatus.CREATING, EndpointStatus.UPDATING])
def test_an_endpoint_in_progress_cannot_be_rescaled(running: World, status: EndpointStatus) -> None:
    running.insert_anew(replace(endpoint_of(running), status=status))
    assert refused(running, {"VariantName": "A", "DesiredWeight": 2.0}) == (
        "ValidationException",
        f'Cannot update in-progress endpoint "{ARN}".',
    )


def test_an_unknown_endpoint_is_told_in_aws_own_words(world: World) -> None:
    assert refused(world, {"VariantName": "A"}) == (
        "ValidationException",
        f'Could not find endpoint "{ARN}".',
    )


def test_more_instances_than_the_quota_are_refused(running: World) -> None:
    code, message = refused(running, {"VariantName": "A", "DesiredInstanceCount": 7})
    assert code == "ResourceLimitExceeded"
    assert "'instances for endpoint usage' is 9 Instances" in message
    rescale(running, {"VariantName": "A", "DesiredInstanceCount": 6})


def updated(world: World, **members: Any) -> list[tuple[float, int]]:
    """Weight and instances of each variant that an update to the configuration `new` asks for."""
    rescale(world, {"VariantName": "A", "DesiredWeight": 5.0, "DesiredInstanceCount": 2})
    in_service(world)
    variants = [variant("A", InitialVariantWeight=3.0), variant("B")]
    world.create_config("new", ProductionVariants=variants)
    world.client().update_endpoint(EndpointName="e", EndpointConfigName="new", **members)
    desired = [item.variant for item in endpoint_of(world).desired]
    return [(item.weight, item.instance_count) for item in desired]


def test_an_update_takes_weights_and_capacities_from_the_config(running: World) -> None:
    assert updated(running) == [(3.0, 1), (1.0, 1)]
    assert endpoint_of(running).desired_generation == 2


def test_an_update_keeps_what_it_is_told_to_retain(running: World) -> None:
    assert updated(running, RetainAllVariantProperties=True) == [(5.0, 2), (1.0, 1)]


def test_an_update_retains_all_but_what_is_excluded(running: World) -> None:
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    members = {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}
    assert updated(running, **members) == [(3.0, 2), (1.0, 1)]
