"""What becomes of alarms as requests come: states with reasons, and policies in steps that are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.alarmed import HIGH, STEPS, Alarmed
from api.scaled import ADDRESS
from api.world import close

from windvane.serving.tally import Outcome


@pytest.fixture
def alarmed(tmp_path: Path) -> Iterator[Alarmed]:
    made = Alarmed(tmp_path)
    made.register(1, 4)
    yield made
    close(made.world)


def put(alarmed: Alarmed, **changes: Any) -> None:
    given = {**HIGH, **changes}
    alarmed.alarms.put_metric_alarm(**{k: v for k, v in given.items() if v is not None})


def test_states_follow_the_requests(alarmed: Alarmed) -> None:
    put(alarmed)
    alarmed.load(101)
    told = alarmed.told()
    assert (told["StateValue"], told["StateUpdatedTimestamp"]) == ("ALARM", alarmed.world.clock.now)
    assert told["StateReason"].startswith(
        "Threshold Crossed: 1 out of the last 1 datapoints [101.0"
    )
    assert json.loads(told["StateReasonData"])["recentDatapoints"] == [101.0]
    alarmed.load(100)
    assert alarmed.state() == "OK"
    alarmed.load(0, 0, 0)
    told = alarmed.told()
    assert told["StateValue"] == "INSUFFICIENT_DATA"
    assert told["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"MetricName": "Invocations", "Statistic": "Average"}, 1.0),
        ({"MetricName": "Invocation4XXErrors", "Statistic": "Sum"}, 2.0),
        ({"MetricName": "Invocation5XXErrors", "Statistic": "Average"}, 0.1),
        ({"MetricName": "InvocationModelErrors", "Statistic": "Sum"}, 3.0),
        ({"MetricName": "InvocationModelErrors", "Statistic": "Maximum"}, 1.0),
        ({"MetricName": "InvocationsPerInstance", "Statistic": "Sum"}, 10.0),
        ({"MetricName": "ModelLatency", "Statistic": "SampleCount"}, 10.0),
    ],
)
def test_each_metric_is_measured(alarmed: Alarmed, changes: dict[str, str], value: float) -> None:
    put(alarmed, **changes, ComparisonOperator="LessThanThreshold")
    alarmed.monitor.look()
    alarmed.world.clock.advance(15)
    alarmed.requests(7)
    alarmed.requests(2, Outcome.CLIENT_ERROR)
    alarmed.requests(1, Outcome.MODEL_ERROR)
    alarmed.monitor.look()
    alarmed.world.clock.advance(45)
    alarmed.monitor.look()
    assert json.loads(alarmed.told()["StateReasonData"])["recentDatapoints"] == [value]


@pytest.mark.parametrize(
    "statistic",
    [{"Statistic": "Average"}, {"Statistic": "Maximum"}, {"ExtendedStatistic": "p95"}],
)
def test_latencies_are_told_in_microseconds(alarmed: Alarmed, statistic: dict[str, str]) -> None:
    changes = {"MetricName": "ModelLatency", "Statistic": None, **statistic}
    put(alarmed, **changes, Threshold=1e9, ComparisonOperator="LessThanThreshold")
    alarmed.load(20)
    [told] = json.loads(alarmed.told()["StateReasonData"])["recentDatapoints"]
    assert told == pytest.approx(100_000, rel=0.045)


def test_requests_are_divided_by_the_instances_that_there_were(alarmed: Alarmed) -> None:
    put(alarmed, MetricName="InvocationsPerInstance", Threshold=30.0, Period=10)
    alarmed.monitor.look()
    alarmed.register(2, 4)
    alarmed.requests(40)
    alarmed.autoscaler.look()
    assert alarmed.settle() == 2
    alarmed.world.clock.advance(10)
    alarmed.monitor.look()
    assert alarmed.state() == "ALARM", "there was one when the ten seconds began"
    alarmed.requests(40)
    alarmed.world.clock.advance(10)
    alarmed.monitor.look()
    assert json.loads(alarmed.told()["StateReasonData"])["recentDatapoints"] == [20.0]


def test_an_alarm_scales_out_by_the_step_that_it_has_come_to_and_in_after_it(
    alarmed: Alarmed,
) -> None:
    inward = {
        "AdjustmentType": "PercentChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -50}],
        "MinAdjustmentMagnitude": 1,
        "Cooldown": 60,
    }
    put(alarmed, AlarmActions=[alarmed.policy()])
    low = alarmed.policy(PolicyName="in", StepScalingPolicyConfiguration=inward)
    changes = {"AlarmName": "low", "ComparisonOperator": "LessThanThreshold", "Threshold": 10.0}
    put(alarmed, **changes, EvaluationPeriods=2, AlarmActions=[low])
    alarmed.load(151)
    assert alarmed.wanted == 3
    [activity] = alarmed.activities()
    assert activity["Cause"] == "monitor alarm high in state ALARM triggered policy out"
    assert activity["Description"] == "Setting desired instance count to 3."
    assert alarmed.settle() == 3
    alarmed.load(151)
    assert alarmed.settle() == 4, (
        "it stays in ALARM: two more, of which the target has room for one"
    )
    alarmed.load(5)
    assert (alarmed.state("high"), alarmed.wanted) == ("OK", 4)
    alarmed.load(5)
    assert alarmed.settle() == 2
    alarmed.load(5)
    assert alarmed.settle() == 1
    causes = [one["Cause"] for one in alarmed.activities()]
    assert causes[0] == "monitor alarm low in state ALARM triggered policy in"
    assert {record.operation for record in alarmed.audit.records} == {
        "UpdateEndpointWeightsAndCapacities"
    }


def test_a_cooldown_holds_a_step_back_and_not_a_larger_one(alarmed: Alarmed) -> None:
    steps = {**STEPS["StepScalingPolicyConfiguration"], "Cooldown": 600}
    put(alarmed, AlarmActions=[alarmed.policy(StepScalingPolicyConfiguration=steps)])
    alarmed.load(110)
    assert alarmed.settle() == 2
    alarmed.load(110)
    assert alarmed.wanted == 2
    alarmed.load(160)
    assert alarmed.settle() == 3, "two more than there were before the first of them"
    alarmed.load(160)
    assert alarmed.wanted == 3


def test_an_action_is_done_once_a_period_whatever_the_looks(alarmed: Alarmed) -> None:
    steps = {**STEPS["StepScalingPolicyConfiguration"], "Cooldown": 0}
    put(alarmed, AlarmActions=[alarmed.policy(StepScalingPolicyConfiguration=steps)])
    alarmed.load(110)
    assert alarmed.settle() == 2
    for _ in range(5):
        alarmed.world.clock.advance(10)
        alarmed.monitor.look()
    assert alarmed.wanted == 2


def test_a_state_set_by_hand_has_its_actions_done_and_is_looked_at_anew(alarmed: Alarmed) -> None:
    put(alarmed, AlarmActions=[alarmed.policy()])
    alarmed.load(5)
    assert alarmed.state() == "OK"
    alarmed.alarms.set_alarm_state(
        AlarmName="high",
        StateValue="ALARM",
        StateReason="a test",
        StateReasonData='{"recentDatapoints": [155.0]}',
    )
    assert (alarmed.state(), alarmed.told()["StateReason"]) == ("ALARM", "a test")
    alarmed.world.clock.advance(10)
    alarmed.monitor.look()
    assert alarmed.settle() == 3, "the step of the value that was told"
    assert alarmed.state() == "OK", "and the state that follows from the requests"


def test_actions_that_were_not_done_are_done_after_a_restart(alarmed: Alarmed) -> None:
    put(alarmed, AlarmActions=[alarmed.policy()])
    alarmed.alarms.set_alarm_state(AlarmName="high", StateValue="ALARM", StateReason="a test")
    alarmed.monitor = alarmed.another_monitor()
    alarmed.world.clock.advance(10)
    alarmed.monitor.look()
    assert alarmed.wanted == 2


def test_actions_that_are_switched_off_are_not_done(alarmed: Alarmed) -> None:
    put(alarmed, AlarmActions=[alarmed.policy()], ActionsEnabled=False)
    alarmed.load(160)
    assert (alarmed.state(), alarmed.wanted) == ("ALARM", 1)
    alarmed.alarms.enable_alarm_actions(AlarmNames=["high"])
    alarmed.load(160)
    assert alarmed.wanted == 3


def test_actions_of_other_states_are_done_when_they_come(alarmed: Alarmed) -> None:
    steps = {**STEPS["StepScalingPolicyConfiguration"], "Cooldown": 0}
    steps["StepAdjustments"] = [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": 1}]
    put(alarmed, OKActions=[alarmed.policy(StepScalingPolicyConfiguration=steps)])
    alarmed.load(50)
    assert (alarmed.state(), alarmed.settle()) == ("OK", 2)
    alarmed.load(50)
    assert alarmed.wanted == 2, "and in OK not again"


def test_a_policy_that_is_gone_stops_no_alarm(alarmed: Alarmed) -> None:
    put(alarmed, AlarmActions=[alarmed.policy()])
    alarmed.client.delete_scaling_policy(**ADDRESS, PolicyName="out")
    alarmed.load(160)
    assert (alarmed.state(), alarmed.wanted) == ("ALARM", 1)


def test_an_endpoint_that_is_gone_has_no_data(alarmed: Alarmed) -> None:
    put(alarmed, TreatMissingData="breaching")
    alarmed.load(5)
    assert alarmed.state() == "OK"
    alarmed.world.client().delete_endpoint(EndpointName="e")
    alarmed.tally.__init__()  # type: ignore[misc]
    alarmed.load(0, 0, 0)
    assert alarmed.state() == "ALARM"


def test_the_state_is_not_written_over_one_that_was_set_meanwhile(alarmed: Alarmed) -> None:
    put(alarmed)
    snapshot = alarmed.snapshot

    def slow(*given: Any) -> Any:
        alarmed.alarms.set_alarm_state(AlarmName="high", StateValue="OK", StateReason="by hand")
        return snapshot(*given)

    alarmed.snapshot = slow  # type: ignore[method-assign]
    alarmed.monitor = alarmed.another_monitor()
    alarmed.load(160)
    assert alarmed.told()["StateReason"] == "by hand"
