"""control/scaling/stepping: how many instances a policy in steps asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.control.scaling.stepping import Breach, decide_step, step_at
from windvane.domain.scaling import (
    Adjustment,
    Aggregation,
    Cause,
    ScalableTarget,
    ScalingPolicy,
    Step,
    StepScaling,
    Suspended,
)
from windvane.names import Scope

SCOPE = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
TARGET = ScalableTarget(
    scope=SCOPE,
    name="t",
    created=NOW,
    modified=NOW,
    endpoint="e",
    variant="v",
    min_capacity=1,
    max_capacity=20,
)
OUT = (Step(0.0, 10.0, 1), Step(10.0, 20.0, 2), Step(20.0, None, 4))
BOTH = (
    Step(None, -20.0, -30),
    Step(-20.0, -10.0, -10),
    Step(-10.0, 10.0, 0),
    Step(10.0, 20.0, 10),
    Step(20.0, None, 30),
)
"""source    the example of "Step scaling policies for Application Auto Scaling", for PercentChangeInCapacity"""


def policy(steps=OUT, adjustment=Adjustment.CHANGE, **more) -> ScalingPolicy:
    return ScalingPolicy(
        scope=SCOPE,
        name="p",
        created=NOW,
        modified=NOW,
        parent=TARGET.arn,
        policy_name="steps",
        id="id",
        resource_id=TARGET.resource_id,
        target_value=0.0,
        steps=StepScaling(adjustment, tuple(steps), **more),
    )


def decided(asked: ScalingPolicy, *differences: float, capacity=5, target=TARGET, now=NOW):
    return decide_step(target, asked, capacity, Breach("high", differences), now)


def wanted(asked: ScalingPolicy, *differences: float, **more) -> int | None:
    found = decided(asked, *differences, **more)
    return None if found is None else found.capacity


@pytest.mark.parametrize(
    ("difference", "step"),
    [(0, 0), (9.99, 0), (10, 1), (19.99, 1), (20, 2), (1e300, 2)],
)
def test_above_the_threshold_a_lower_bound_belongs_to_its_step(difference, step):
    assert step_at(OUT, difference) == OUT[step]


@pytest.mark.parametrize(
    ("difference", "step"),
    [(0, 2), (-9.99, 2), (-10, 1), (-19.99, 1), (-20, 0), (-1e300, 0), (10, 3)],
)
def test_below_it_an_upper_bound_belongs_to_its_step(difference, step):
    assert step_at(BOTH, difference) == BOTH[step]


def test_at_the_threshold_the_step_counts_that_ends_or_begins_there():
    assert step_at((Step(None, 0.0, -1),), 0.0) == Step(None, 0.0, -1)
    assert step_at(OUT, 0.0) == OUT[0]
    assert step_at(OUT, -0.01) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_steps_without_gaps_have_one_for_every_value(difference):
    assert step_at(BOTH, difference) is not None


def test_instances_are_added_set_or_changed_by_per_cent():
    assert wanted(policy(), 15) == 7
    assert wanted(policy([Step(0.0, None, 3)], Adjustment.EXACT), 1) == 3
    assert wanted(policy([Step(0.0, None, 30)], Adjustment.PERCENT), 1, capacity=10) == 13
    found = decided(policy(), 15)
    assert found is not None
    assert (found.cause, found.alarm, found.before) == (Cause.HIGH, "high", 5)


@pytest.mark.parametrize(
    ("percent", "capacity", "found"),
    [(127, 10, 20), (67, 10, 16), (6, 10, 11), (-6, 10, 9), (-67, 10, 4), (-58, 10, 5)],
)
def test_changes_by_per_cent_are_rounded_towards_none_but_one_at_least(percent, capacity, found):
    """source    the rounding that "Step scaling policies for Application Auto Scaling" tells: 12.7 becomes 12, .67 becomes 1"""
    assert wanted(policy([Step(0.0, None, percent)], Adjustment.PERCENT), 1, capacity=capacity) == (
        found
    )


def test_a_change_by_per_cent_may_have_a_least_number_of_instances():
    assert (
        wanted(policy([Step(0.0, None, 25)], Adjustment.PERCENT, least_change=2), 1, capacity=4)
        == 6
    )
    inward = policy([Step(0.0, None, -25)], Adjustment.PERCENT, least_change=2)
    assert wanted(inward, 1, capacity=4) == 2
    none = policy([Step(0.0, None, 0)], Adjustment.PERCENT, least_change=2)
    assert wanted(none, 1, capacity=4) is None


def test_bounds_of_the_target_hold():
    assert wanted(policy(), 15, capacity=19) == 20
    assert wanted(policy(), 15, capacity=20) is None
    assert wanted(policy([Step(None, 0.0, -9)]), -1, capacity=5) == 1


@pytest.mark.parametrize(
    ("aggregation", "found"),
    [(None, 7), (Aggregation.AVERAGE, 7), (Aggregation.MINIMUM, 6), (Aggregation.MAXIMUM, 9)],
)
def test_values_of_several_periods_become_one(aggregation, found):
    assert wanted(policy(aggregation=aggregation), 5, 10, 25) == found


def test_during_a_cooldown_only_what_a_larger_step_adds_to_the_last_one():
    """source    the example of "Cooldown period": 2 instances, then a step of 3, of which 1 is added"""
    cooling = replace(TARGET, scaled_out=NOW, scaled_out_to=7, scaled_out_from=5)
    steps = policy([Step(0.0, 10.0, 2), Step(10.0, None, 3)])
    assert wanted(steps, 5, capacity=7, target=cooling) is None
    assert wanted(steps, 15, capacity=7, target=cooling) == 8
    later = NOW + timedelta(seconds=300)
    assert wanted(steps, 5, capacity=7, target=cooling, now=later) == 9
    at_once = policy([Step(0.0, None, 2)], cooldown_s=0)
    assert wanted(at_once, 5, capacity=7, target=cooling) == 9


def test_a_scale_in_waits_for_every_scaling_and_a_scale_out_for_no_scale_in():
    inward = policy([Step(None, 0.0, -1)])
    for cooling in (
        replace(TARGET, scaled_in=NOW),
        replace(TARGET, scaled_out=NOW, scaled_out_to=5),
    ):
        assert wanted(inward, -1, target=cooling) is None
        later = NOW + timedelta(seconds=300)
        assert wanted(inward, -1, target=cooling, now=later) == 4
    assert wanted(policy(), 5, target=replace(TARGET, scaled_in=NOW)) == 6


def test_what_is_suspended_or_has_just_failed_stands_still():
    inward = policy([Step(None, 0.0, -1)])
    assert wanted(policy(), 5, target=replace(TARGET, suspended=Suspended(scale_out=True))) is None
    assert wanted(inward, -1, target=replace(TARGET, suspended=Suspended(scale_in=True))) is None
    assert wanted(policy(), 5, target=replace(TARGET, failed=NOW)) is None


def test_a_value_without_a_step_changes_nothing():
    assert wanted(policy(), -1) is None
