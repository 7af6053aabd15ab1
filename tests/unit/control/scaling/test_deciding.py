"""control/scaling/deciding: how many instances, from records, points and the time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windvane.control.scaling.deciding import TRY_AGAIN, Decision, Point, decide
from windvane.domain.scaling import Cause, ScalableTarget, ScalingPolicy, Suspended
from windvane.names import Scope

SCOPE = Scope("111122223333", "us-east-1")
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

TARGET = ScalableTarget(
    scope=SCOPE,
    name="t",
    created=NOW,
    modified=NOW,
    endpoint="e",
    variant="v",
    min_capacity=1,
    max_capacity=8,
)
POLICY = ScalingPolicy(
    scope=SCOPE,
    name="p",
    created=NOW,
    modified=NOW,
    parent=TARGET.arn,
    policy_name="track",
    id="id",
    resource_id=TARGET.resource_id,
    target_value=100.0,
)


def points(*per_minute: float, instances: int = 1) -> list[Point]:
    """Of periods that end now, a minute apart."""
    first = NOW - (len(per_minute) - 1) * MINUTE
    return [Point(first + n * MINUTE, one, instances) for n, one in enumerate(per_minute)]


def decided(
    *per_minute: float,
    capacity: int = 1,
    target: ScalableTarget = TARGET,
    policies: tuple[ScalingPolicy, ...] = (POLICY,),
    now: datetime = NOW,
) -> Decision | None:
    return decide(target, policies, capacity, points(*per_minute, instances=capacity), now)


def test_bounds_hold_whatever_is_measured_and_suspended() -> None:
    bound = replace(TARGET, min_capacity=2, max_capacity=4, suspended=Suspended(True, True, True))
    assert decided(target=bound, policies=()) == Decision(2, Cause.BELOW_MINIMUM)
    assert decided(capacity=5, target=bound, policies=()) == Decision(4, Cause.ABOVE_MAXIMUM)
    assert decided(capacity=3, target=bound) is None


def test_three_periods_above_the_target_scale_out_to_what_the_last_one_asks_for() -> None:
    assert decided(300, 200, 450) == Decision(5, Cause.HIGH, POLICY)
    assert decided(0, 300, 200, 450) == Decision(5, Cause.HIGH, POLICY)
    assert decided(250, 250, 250, capacity=2) == Decision(3, Cause.HIGH, POLICY)


@pytest.mark.parametrize("per_minute", [(), (300, 300), (300, 100, 300), (300, 300, 100)])
def test_fewer_than_three_periods_above_the_target_change_nothing(per_minute: tuple[float]) -> None:
    assert decided(*per_minute) is None


def test_no_more_instances_than_the_maximum() -> None:
    assert decided(9e9, 9e9, 9e9) == Decision(8, Cause.HIGH, POLICY)
    tiny = replace(POLICY, target_value=5e-324)
    assert decided(1, 1, 1, policies=(tiny,)) == Decision(8, Cause.HIGH, tiny)
    assert decided(9e9, 9e9, 9e9, capacity=8) is None


def test_of_several_policies_the_one_counts_that_asks_for_most() -> None:
    eager = replace(POLICY, target_value=50.0)
    assert decided(200, 200, 200, policies=(POLICY, eager)) == Decision(4, Cause.HIGH, eager)
    calm = replace(POLICY, target_value=1000.0)
    assert decided(200, 200, 200, policies=(calm, POLICY)) == Decision(2, Cause.HIGH, POLICY)
    assert decided(200, 200, 200, policies=()) is None


def test_during_a_cooldown_only_a_larger_scale_out_is_done() -> None:
    scaled = replace(TARGET, scaled_out=NOW - timedelta(seconds=299), scaled_out_to=3)
    assert decided(300, 300, 300, capacity=2, target=scaled) is None
    assert decided(700, 700, 700, capacity=3, target=scaled) == Decision(7, Cause.HIGH, POLICY)
    over = replace(scaled, scaled_out=NOW - timedelta(seconds=300))
    assert decided(300, 300, 300, capacity=2, target=over) == Decision(3, Cause.HIGH, POLICY)
    short = replace(POLICY, scale_out_cooldown_s=0)
    assert decided(300, 300, 300, capacity=2, target=scaled, policies=(short,)) is not None


def test_points_of_before_a_scale_out_ask_for_no_second_one() -> None:
    short = replace(POLICY, scale_out_cooldown_s=0)
    assert decide(TARGET, (short,), 3, points(300, 300, 300, instances=1), NOW) is None


def test_fifteen_quiet_periods_scale_in_by_half_at_most() -> None:
    assert decided(*[0] * 15, capacity=8) == Decision(4, Cause.LOW, POLICY)
    assert decided(*[0] * 15, capacity=3) == Decision(2, Cause.LOW, POLICY)
    assert decided(*[0] * 15, capacity=2) == Decision(1, Cause.LOW, POLICY)
    assert decided(*[0] * 15, capacity=1) is None
    least = replace(TARGET, min_capacity=7)
    assert decided(*[0] * 15, capacity=8, target=least) == Decision(7, Cause.LOW, POLICY)


def test_in_no_further_than_what_the_busiest_period_leaves_clear_of_the_target() -> None:
    assert decided(270, *[100] * 14, capacity=4) == Decision(3, Cause.LOW, POLICY)
    assert decided(271, *[100] * 14, capacity=4) is None


def test_one_period_near_the_target_or_too_few_of_them_hold_scaling_in_back() -> None:
    assert decided(*[0] * 14, capacity=4) is None
    assert decided(*[0] * 7, 360, *[0] * 7, capacity=4) is None
    assert decided(360, *[0] * 15, capacity=4) == Decision(2, Cause.LOW, POLICY)


def test_a_scale_in_waits_for_the_last_one_to_cool_and_not_for_a_scale_out() -> None:
    scaled = replace(TARGET, scaled_in=NOW - timedelta(seconds=299), scaled_out=NOW)
    assert decided(*[0] * 15, capacity=4, target=scaled) is None
    short = replace(POLICY, scale_in_cooldown_s=299)
    assert decided(*[0] * 15, capacity=4, target=scaled, policies=(short,)) is not None


def test_a_scale_out_does_not_wait_for_a_scale_in() -> None:
    scaled = replace(TARGET, scaled_in=NOW)
    assert decided(300, 300, 300, target=scaled) == Decision(3, Cause.HIGH, POLICY)


def test_all_policies_that_may_scale_in_have_to_agree() -> None:
    near = replace(POLICY, target_value=10.0)
    assert decided(*[40] * 15, capacity=4, policies=(POLICY, near)) is None
    out_alone = replace(near, disable_scale_in=True)
    assert decided(*[40] * 15, capacity=4, policies=(POLICY, out_alone)) is not None
    assert decided(*[0] * 15, capacity=4, policies=(out_alone,)) is None
    careful = replace(POLICY, target_value=20.0)
    found = decided(*[54] * 15, capacity=4, policies=(POLICY, careful))
    assert found == Decision(3, Cause.LOW, careful)


def test_what_is_suspended_stands_still() -> None:
    no_out = replace(TARGET, suspended=Suspended(scale_out=True))
    assert decided(300, 300, 300, target=no_out) is None
    assert decided(*[0] * 15, capacity=4, target=no_out) is not None
    no_in = replace(TARGET, suspended=Suspended(scale_in=True))
    assert decided(*[0] * 15, capacity=4, target=no_in) is None
    assert decided(300, 300, 300, target=no_in) is not None


def test_what_failed_is_tried_again_after_a_while() -> None:
    failed = replace(TARGET, min_capacity=2, failed=NOW)
    assert decided(target=failed) is None
    assert decided(target=failed, now=NOW + TRY_AGAIN) == Decision(2, Cause.BELOW_MINIMUM)


def capacities(*loads: float, policies: tuple[ScalingPolicy, ...] = (POLICY,)) -> list[int]:
    """Instances after each minute of a load, each decision fulfilled within it."""
    target, capacity, seen, told = TARGET, 1, list[Point](), []
    for minute, load in enumerate(loads):
        now = NOW + minute * MINUTE
        seen.append(Point(now, load, capacity))
        if (decision := decide(target, policies, capacity, seen, now)) is not None:
            capacity = decision.capacity
            if decision.cause is Cause.HIGH:
                target = replace(target, scaled_out=now, scaled_out_to=capacity)
            else:
                target = replace(target, scaled_in=now)
        told.append(capacity)
    return told


@pytest.mark.parametrize("load", [0, 1, 89, 90, 91, 100, 101, 180, 181, 333, 700, 719, 721, 5000])
@pytest.mark.parametrize("before", [0, 5000])
def test_a_steady_load_comes_to_rest_where_it_can_be_borne(before: int, load: int) -> None:
    told = capacities(*[before] * 20, *[load] * 120)
    assert len(set(told[-60:])) == 1, "it does not go out and in again"
    assert load / told[-1] <= 100 or told[-1] == TARGET.max_capacity


def test_a_short_silence_costs_no_instance() -> None:
    told = capacities(*[400] * 10, *[0] * 14, *[400] * 10)
    assert set(told[3:]) == {4}
