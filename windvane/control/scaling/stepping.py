"""How many instances a policy in steps asks for: a pure function of its target, of how far a metric is from the threshold of
the alarm that asks, and of the time.

source    "Step scaling policies for Application Auto Scaling", and StepScalingPolicyConfiguration in its API reference
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from windvane.control.scaling.deciding import Decision, has_just_failed, is_within
from windvane.domain.scaling import (
    Adjustment,
    Aggregation,
    Cause,
    ScalableTarget,
    ScalingPolicy,
    Step,
    StepScaling,
)


@dataclass(frozen=True)
class Breach:
    """A breach of an alarm's threshold, as its policy is told.

    differences    of the values that it went by from its threshold, one or more
    """

    alarm: str
    differences: Sequence[float]


def decide_step(
    target: ScalableTarget, policy: ScalingPolicy, capacity: int, breach: Breach, now: datetime
) -> Decision | None:
    """Return what is to be changed; None if nothing is.

    capacity    instances that there are
    """
    steps = policy.steps
    if steps is None or has_just_failed(target, now):
        return None
    step = step_at(steps.steps, _aggregated(steps, breach.differences))
    if step is None:
        return None
    cools_out = is_within(target.scaled_out, steps.cooldown_s, now)
    base = (target.scaled_out_from or capacity) if cools_out else capacity
    out_to = max(capacity, target.scaled_out_to) if cools_out else capacity
    wanted = _within_bounds(target, _adjusted(steps, step, base))
    if wanted > out_to and not target.suspended.scale_out:
        return Decision(wanted, Cause.HIGH, policy, breach.alarm, before=base)
    wanted = _within_bounds(target, _adjusted(steps, step, capacity))
    cools = cools_out or is_within(target.scaled_in, steps.cooldown_s, now)
    if wanted < capacity and not cools and not target.suspended.scale_in:
        return Decision(wanted, Cause.LOW, policy, breach.alarm, before=capacity)
    return None


def step_at(steps: Sequence[Step], difference: float) -> Step | None:
    """Return the step for a difference from the threshold: above it, lower bounds belong to their steps; below it, upper ones."""
    for step in steps:
        lower = -math.inf if step.lower is None else step.lower
        upper = math.inf if step.upper is None else step.upper
        if difference >= 0 and lower <= difference < upper:
            return step
        if difference <= 0 and lower < difference <= upper:
            return step
    return None


def _aggregated(steps: StepScaling, differences: Sequence[float]) -> float:
    match steps.aggregation or Aggregation.AVERAGE:
        case Aggregation.AVERAGE:
            return fmean(differences)
        case Aggregation.MINIMUM:
            return min(differences)
        case Aggregation.MAXIMUM:
            return max(differences)


def _adjusted(steps: StepScaling, step: Step, capacity: int) -> int:
    match steps.adjustment:
        case Adjustment.EXACT:
            return step.adjustment
        case Adjustment.CHANGE:
            return capacity + step.adjustment
        case Adjustment.PERCENT:
            change = _whole(capacity * step.adjustment / 100)
            least = steps.least_change or 0
            if change and abs(change) < least:
                change = least if change > 0 else -least
            return capacity + change


def _whole(change: float) -> int:
    """Return a change in whole instances: 1 at least, and otherwise no more than was asked for."""
    if 0 < abs(change) < 1:
        return 1 if change > 0 else -1
    return math.trunc(change)


def _within_bounds(target: ScalableTarget, wanted: int) -> int:
    return max(target.min_capacity, min(target.max_capacity, wanted))
