"""What the autoscaler makes of targets and policies, and what DescribeScalingActivities tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from api.scaled import ADDRESS, DIMENSION, NAMESPACE, RESOURCE, ROLE, TRACKING, Scaled
from api.test_endpoints import create, endpoint_of, in_service
from api.world import ACCOUNT, SCOPE, close, refusal
from botocore import xform_name

from windvane.domain.deployment import Endpoint


@pytest.fixture
def scaled(tmp_path: Path) -> Iterator[Scaled]:
    made = Scaled(tmp_path)
    yield made
    close(made.world)


def test_bounds_hold_as_soon_as_a_target_is_registered(scaled: Scaled) -> None:
    scaled.register(3, 4)
    scaled.autoscaler.look()
    assert scaled.wanted == 3
    [activity] = scaled.activities()
    began = scaled.world.clock.now
    assert activity == {
        "ActivityId": activity["ActivityId"],
        **ADDRESS,
        "Description": "Setting desired instance count to 3.",
        "Cause": "minimum capacity was set to 3",
        "StartTime": began,
        "StatusCode": "InProgress",
        "StatusMessage": (
            "Successfully set desired instance count to 3. Waiting for change to be fulfilled by sagemaker."
        ),
    }
    scaled.autoscaler.look()
    assert scaled.activities() == [activity], "nothing is decided while it is in progress"
    in_service(scaled.world)
    ended = scaled.world.clock.advance(2)
    scaled.autoscaler.look()
    [activity] = scaled.activities()
    assert (activity["StatusCode"], activity["EndTime"]) == ("Successful", ended)
    assert activity["StatusMessage"] == (
        "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    )
    scaled.register(1, 2)
    scaled.world.clock.advance(1)
    scaled.autoscaler.look()
    assert scaled.wanted == 2
    assert scaled.activities()[0]["Cause"] == "maximum capacity was set to 2"


def test_targets_and_activities_have_pages(scaled: Scaled) -> None:
    create(scaled.world, "e2")
    in_service(scaled.world, "e2")
    other = {"ResourceId": "endpoint/e2/variant/A"}
    for address in (ADDRESS, ADDRESS | other):
        scaled.client.register_scalable_target(**address, MinCapacity=2, MaxCapacity=2)
        scaled.autoscaler.look()
        scaled.world.clock.advance(1)
    both = {"ResourceIds": [ADDRESS["ResourceId"], other["ResourceId"]]}
    for name, filters in (
        ("ScalableTargets", {}),
        ("ScalableTargets", both),
        ("ScalingActivities", {}),
    ):
        operation = xform_name(f"Describe{name}")
        pages = scaled.client.get_paginator(operation).paginate(
            **NAMESPACE, **filters, PaginationConfig={"PageSize": 1}
        )
        told = [[one["ResourceId"] for one in page[name]] for page in pages]
        wanted = [[RESOURCE], [other["ResourceId"]]]
        assert told == (wanted[::-1] if name == "ScalingActivities" else wanted)
        code, _ = refusal(getattr(scaled.client, operation), **NAMESPACE, NextToken="x")
        assert code == "InvalidNextTokenException"


def test_out_under_load_and_in_after_it(scaled: Scaled) -> None:
    scaled.register(1, 4)
    policy = scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)["PolicyARN"].split(":")[6]
    scaled.autoscaler.look()
    scaled.minutes(150, 150)
    assert scaled.wanted == 1
    scaled.minutes(150)
    assert scaled.wanted == 3
    [activity] = scaled.activities(ResourceId=RESOURCE, ScalableDimension=DIMENSION)
    assert activity["Cause"] == (
        f"monitor alarm TargetTracking-{RESOURCE}-AlarmHigh-{policy} in state ALARM triggered policy track"
    )
    in_service(scaled.world)
    scaled.minutes(150, 150, 150)
    assert scaled.wanted == 3
    scaled.minutes(*[30] * 15)
    assert scaled.wanted == 2
    in_service(scaled.world)
    scaled.minutes(*[30] * 4)
    assert scaled.wanted == 2, "the cooldown holds it back"
    scaled.minutes(30, 30)
    assert scaled.wanted == 1
    causes = [one["Cause"] for one in scaled.activities(ResourceId=RESOURCE)]
    assert [cause.split("-")[2] for cause in causes] == ["AlarmLow", "AlarmLow", "AlarmHigh"]


def test_what_was_decided_outlives_the_server(scaled: Scaled) -> None:
    scaled.register(1, 6)
    scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)
    scaled.autoscaler.look()
    scaled.minutes(150, 150, 150)
    assert scaled.wanted == 3
    scaled.autoscaler = scaled.another_autoscaler()
    in_service(scaled.world)
    scaled.autoscaler.look()
    assert scaled.activities()[0]["StatusCode"] == "Successful"
    scaled.client.register_scalable_target(**ADDRESS, MinCapacity=1, MaxCapacity=2)
    scaled.world.clock.advance(1)
    scaled.autoscaler.look()
    in_service(scaled.world)
    scaled.client.register_scalable_target(**ADDRESS, MaxCapacity=6)
    scaled.minutes(150, 150, 150)
    assert scaled.wanted == 2, "the cooldown of before the restart holds"
    scaled.minutes(150, 150)
    assert scaled.wanted == 3


def test_two_autoscalers_do_not_both_do_it(scaled: Scaled) -> None:
    scaled.register(2, 4)
    scaled.autoscaler.look()
    scaled.another_autoscaler().look()
    assert len(scaled.activities()) == 1


def test_scaling_that_fails_is_told_and_tried_again_later(scaled: Scaled) -> None:
    scaled.register(8, 8)
    scaled.autoscaler.look()
    scaled.world.clock.advance(299)
    scaled.autoscaler.look()
    [activity] = scaled.activities()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].startswith(
        "Failed to set desired instance count to 8. Reason: The account-level service limit"
    )
    assert scaled.wanted == 1
    scaled.world.clock.advance(1)
    scaled.autoscaler.look()
    assert len(scaled.activities()) == 2
    scaled.register(7, 7)
    scaled.autoscaler.look()
    assert scaled.wanted == 7, "a target that was changed is tried at once"
    assert [record.error_code for record in scaled.audit.records] == [
        "ResourceLimitExceeded",
        "ResourceLimitExceeded",
        "",
    ]


def test_what_the_autoscaler_does_is_audited_as_a_call_of_its_role(scaled: Scaled) -> None:
    scaled.register(2, 4)
    scaled.autoscaler.look()
    [record] = scaled.audit.records
    assert record.caller is not None
    assert (record.caller.account, record.caller.credential.role_arn) == (ACCOUNT, ROLE)
    assert record.resources == (endpoint_of(scaled.world).arn,)
    assert record.parameters["EndpointName"] == "e"
    assert record.parameters["DesiredWeightsAndCapacities"] == [
        {"VariantName": "A", "DesiredInstanceCount": 2}
    ]


def test_a_change_by_somebody_else_is_told_as_overridden(scaled: Scaled) -> None:
    scaled.register(2, 4)
    scaled.autoscaler.look()
    in_service(scaled.world)
    scaled.world.client().update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 3}],
    )
    in_service(scaled.world)
    scaled.autoscaler.look()
    assert scaled.activities()[0]["StatusCode"] == "Overridden"


def test_deleting_an_endpoint_deregisters_its_targets(scaled: Scaled) -> None:
    scaled.register(2, 4)
    scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)
    scaled.world.client().delete_endpoint(EndpointName="e")
    assert scaled.targets() == scaled.policies() == []
    scaled.autoscaler.look()
    assert scaled.activities() == []
    code, message = refusal(
        scaled.client.register_scalable_target, **ADDRESS, MinCapacity=1, MaxCapacity=2
    )
    assert (code, "is Deleting" in message) == ("ValidationException", True)


def test_activities_go_with_their_endpoint_and_after_six_weeks(scaled: Scaled) -> None:
    scaled.register(2, 4)
    scaled.autoscaler.look()
    assert scaled.activities(ResourceId="endpoint/e/variant/AA") == []
    scaled.world.clock.now += timedelta(weeks=6)
    assert scaled.activities() == []
    in_service(scaled.world)
    scaled.register(3, 4)
    scaled.autoscaler.look()
    assert len(scaled.activities(IncludeNotScaledActivities=True)) == 1
    with scaled.world.store.transaction() as tx:
        endpoint = tx.find(Endpoint, SCOPE, "e")
        assert endpoint is not None
        tx.delete(endpoint)
    assert scaled.activities() == []
