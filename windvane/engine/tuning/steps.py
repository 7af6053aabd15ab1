"""Shorter training for plans that would take too long: larger steps of boosters, which then need fewer rounds, and
fewer epochs of networks, whose steps still fall to 0 at the end. The loss is small beside that of being cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from windvane.engine.candidates import Plan
from windvane.engine.learners.catalogue import learner

_MOST_FACTOR = 4.0
_LARGEST_STEP = 0.3


def hurried(plan: Plan, factor: float) -> Plan:
    """Return the plan in about a share of 1 / factor of its time, within reason; itself if the factor is at most 1 or
    its training cannot be shortened."""
    if factor <= 1:
        return plan
    factor = min(factor, _MOST_FACTOR)
    traits = learner(plan.algorithm).traits
    step, lengths = traits.step, traits.lengths
    if step in plan.hyperparameters:
        before = float(plan.hyperparameters[step])
        larger = min(before * factor, max(before, _LARGEST_STEP))
        return _changed(plan, {step: round(larger, 6)}, "a higher learning rate")
    if lengths and "epochs" in plan.hyperparameters:
        fewer = max(1, round(int(plan.hyperparameters["epochs"]) / factor))
        return _changed(plan, dict.fromkeys(lengths, fewer), "fewer epochs")
    return plan


def most_hurried(plan: Plan) -> Plan:
    """Return the plan with as short a training as there is."""
    return hurried(plan, _MOST_FACTOR)


def _changed(plan: Plan, changes: dict[str, Any], what: str) -> Plan:
    changed = {**plan.hyperparameters, **changes}
    return replace(plan, hyperparameters=changed, why=f"{plan.why}; with {what} to save time")
