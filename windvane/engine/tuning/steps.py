"""Larger steps for boosters that would take too long: fewer rounds then do, at a small loss."""

from __future__ import annotations

from dataclasses import replace

from windvane.engine.candidates import Plan

_STEP_SIZES = {"lightgbm": "learning_rate", "catboost": "learning_rate", "xgboost": "eta"}
_MOST_FACTOR = 4.0
_LARGEST_STEP = 0.3


def hurried(plan: Plan, factor: float) -> Plan:
    """The plan with steps `factor` times as large, within reason; itself if it makes no steps or the factor is at
    most 1."""
    name = _STEP_SIZES.get(plan.algorithm)
    if name is None or factor <= 1 or name not in plan.hyperparameters:
        return plan
    step = float(plan.hyperparameters[name])
    larger = min(step * min(factor, _MOST_FACTOR), max(step, _LARGEST_STEP))
    changed = {**plan.hyperparameters, name: round(larger, 6)}
    return replace(
        plan, hyperparameters=changed, why=f"{plan.why}; with larger steps, for the time"
    )
