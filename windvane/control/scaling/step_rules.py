"""What the configuration of a policy in steps must fulfil, and how it is read.

source    StepScalingPolicyConfiguration and StepAdjustment in Application Auto Scaling's API reference, and "Quotas for
          Application Auto Scaling"
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from windvane.control.members import Request
from windvane.domain.scaling import Adjustment, Aggregation, Step, StepScaling

CONFIG = "StepScalingPolicyConfiguration"
MOST_STEPS = 20


def stepped(request: Request) -> Iterator[str]:
    """Yield what is wrong with the steps of a request."""
    config = request.get(CONFIG)
    if config is None:
        return
    kind, given = config.get("AdjustmentType"), config.get("StepAdjustments", [])
    if kind is None:
        yield f"{CONFIG} must have an AdjustmentType: {', '.join(Adjustment)}."
    if config.get("Cooldown", 0) < 0:
        yield f"Cooldown is {config['Cooldown']}; it must be 0 or more seconds."
    yield from _least_change(config, kind)
    if not 1 <= len(given) <= MOST_STEPS:
        yield f"StepAdjustments has {len(given)} steps; it must have 1 to {MOST_STEPS}."
        return
    if kind == Adjustment.EXACT and any(one["ScalingAdjustment"] < 0 for one in given):
        yield "ScalingAdjustment must be 0 or more where AdjustmentType is ExactCapacity."
    steps = [_step(one) for one in given]
    faults = [fault for step in steps for fault in _bounds(step)]
    yield from faults or _together(steps)


def step_scaling(config: Request) -> StepScaling:
    """Return the steps of a configuration that was checked, lowest first."""
    aggregation = config.get("MetricAggregationType")
    return StepScaling(
        Adjustment(config["AdjustmentType"]),
        tuple(sorted((_step(one) for one in config["StepAdjustments"]), key=_from)),
        config.get("MinAdjustmentMagnitude"),
        config.get("Cooldown"),
        None if aggregation is None else Aggregation(aggregation),
    )


def _least_change(config: Request, kind: str | None) -> Iterator[str]:
    least = config.get("MinAdjustmentMagnitude")
    if least is None:
        return
    if kind != Adjustment.PERCENT:
        yield f"MinAdjustmentMagnitude goes with the AdjustmentType {Adjustment.PERCENT} alone."
    if least < 1:
        yield f"MinAdjustmentMagnitude is {least}; it must be 1 or more instances."


def _step(given: Request) -> Step:
    return Step(
        given.get("MetricIntervalLowerBound"),
        given.get("MetricIntervalUpperBound"),
        given["ScalingAdjustment"],
    )


def _from(step: Step) -> float:
    return -math.inf if step.lower is None else step.lower


def _to(step: Step) -> float:
    return math.inf if step.upper is None else step.upper


def _bounds(step: Step) -> Iterator[str]:
    if step.lower is None and step.upper is None:
        yield "A step must have MetricIntervalLowerBound, MetricIntervalUpperBound, or both."
    elif not all(bound is None or math.isfinite(bound) for bound in (step.lower, step.upper)):
        yield "MetricIntervalLowerBound and MetricIntervalUpperBound must be finite numbers."
    elif not _from(step) < _to(step):
        yield (
            f"MetricIntervalLowerBound ({step.lower:g}) must be below MetricIntervalUpperBound "
            f"({step.upper:g})."
        )


def _together(steps: Sequence[Step]) -> Iterator[str]:
    ordered = sorted(steps, key=_from)
    if any(_to(before) > _from(after) for before, after in pairwise(ordered)):
        yield "The intervals of steps must not overlap."
    if any(_to(before) < _from(after) for before, after in pairwise(ordered)):
        yield "There must be no gap between the intervals of steps."
    if (lowest := ordered[0].lower) is not None and lowest < 0:
        yield (
            f"A step begins at {lowest:g}, below the threshold: there must be one without "
            "MetricIntervalLowerBound."
        )
    if (highest := max(map(_to, ordered))) != math.inf and highest > 0:
        yield (
            f"A step ends at {highest:g}, above the threshold: there must be one without "
            "MetricIntervalUpperBound."
        )
