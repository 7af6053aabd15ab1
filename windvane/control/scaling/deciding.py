"""How many instances a variant is to have: a pure function of its target, its policies, what was measured, and the time.

Target tracking as AWS documents it: out fast, after three periods above the target, to what the last one asks for; in slowly,
after fifteen periods of which none comes near the target, by half at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from windvane.domain.scaling import DEFAULT_COOLDOWN_S, Cause, ScalableTarget, ScalingPolicy

PERIODS_OUT, PERIODS_IN = 3, 15
"""source    the alarms that AWS makes for target tracking: 3 and 15 datapoints of a minute"""

NEAR = 0.9
"""source    the lower one of these alarms: 90 % of the target"""

TRY_AGAIN = timedelta(seconds=300)
"""After a scaling that failed."""


@dataclass(frozen=True)
class Point:
    """Requests of a variant over one period.

    at          when it ended
    per_minute  requests a minute, of all instances together
    instances   that there were at its end, 1 or more
    """

    at: datetime
    per_minute: float
    instances: int

    @property
    def per_instance(self) -> float:
        return self.per_minute / self.instances


@dataclass(frozen=True)
class Decision:
    """The number of instances that a variant is to have, and the reason.

    capacity    instances to have
    policy      None if the target's bounds alone ask for it
    alarm       that asked a policy in steps; "" otherwise
    before      instances that a policy in steps counts from: those before a scale-out whose cooldown lasts; else 0
    """

    capacity: int
    cause: Cause
    policy: ScalingPolicy | None = None
    alarm: str = ""
    before: int = 0


def decide(
    target: ScalableTarget,
    policies: Sequence[ScalingPolicy],
    capacity: int,
    points: Sequence[Point],
    now: datetime,
) -> Decision | None:
    """Return what is to be changed; None if nothing is.

    policies    those in steps are left out: alarms ask them
    capacity    instances that there are
    points      of periods one after the other, oldest first
    """
    tracking = [policy for policy in policies if policy.steps is None]
    if has_just_failed(target, now):
        return None
    if capacity < target.min_capacity:
        return Decision(target.min_capacity, Cause.BELOW_MINIMUM)
    if capacity > target.max_capacity:
        return Decision(target.max_capacity, Cause.ABOVE_MAXIMUM)
    if (out := _out(target, tracking, capacity, points, now)) is not None:
        return out
    return _in(target, tracking, capacity, points, now)


def has_just_failed(target: ScalableTarget, now: datetime) -> bool:
    """Return whether it is too early for another try."""
    return target.failed is not None and now < target.failed + TRY_AGAIN


def _out(
    target: ScalableTarget,
    policies: Sequence[ScalingPolicy],
    capacity: int,
    points: Sequence[Point],
    now: datetime,
) -> Decision | None:
    """Return a scale-out, if one is due. Of several policies the one counts that asks for most. During a cooldown, only
    what is more than the last scale-out."""
    recent = points[-PERIODS_OUT:]
    if target.suspended.scale_out or len(recent) < PERIODS_OUT:
        return None
    found: list[Decision] = []
    for policy in policies:
        if all(point.per_instance > policy.target_value for point in recent):
            wanted = _instances(recent[-1].per_minute, policy.target_value, target)
            cools = is_within(target.scaled_out, policy.scale_out_cooldown_s, now)
            if wanted > (max(capacity, target.scaled_out_to) if cools else capacity):
                found.append(Decision(wanted, Cause.HIGH, policy))
    return max(found, key=lambda decision: decision.capacity, default=None)


def _in(
    target: ScalableTarget,
    policies: Sequence[ScalingPolicy],
    capacity: int,
    points: Sequence[Point],
    now: datetime,
) -> Decision | None:
    """All policies that may scale in have to agree, and the one counts that keeps most."""
    recent = points[-PERIODS_IN:]
    asked = [policy for policy in policies if not policy.disable_scale_in]
    if target.suspended.scale_in or len(recent) < PERIODS_IN or not asked:
        return None
    found: list[Decision] = []
    for policy in asked:
        near = NEAR * policy.target_value
        if is_within(target.scaled_in, policy.scale_in_cooldown_s, now) or any(
            point.per_instance >= near for point in recent
        ):
            return None
        busiest = max(point.per_minute for point in recent)
        wanted = max(_instances(busiest, near, target), math.ceil(capacity / 2))
        found.append(Decision(wanted, Cause.LOW, policy))
    most = max(found, key=lambda decision: decision.capacity)
    return most if most.capacity < capacity else None


def _instances(per_minute: float, of_each: float, target: ScalableTarget) -> int:
    """Return how many instances have so many requests each at most, within the target's bounds."""
    wanted = min(
        per_minute / of_each, float(target.max_capacity)
    )  # of a tiny target there is no such number
    return max(target.min_capacity, math.ceil(wanted))


def is_within(since: datetime | None, cooldown_s: int | None, now: datetime) -> bool:
    """Return whether a cooldown that began at `since` is not over; None for one that never began, and for the default length."""
    seconds = DEFAULT_COOLDOWN_S if cooldown_s is None else cooldown_s
    return since is not None and now < since + timedelta(seconds=seconds)
