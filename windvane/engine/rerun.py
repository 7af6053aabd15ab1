"""A candidate as hyperparameters of a training job, which can be sent back and run again."""

from __future__ import annotations

import json

from windvane.engine.candidates import Plan


def hyperparameters_of(plan: Plan, folds: int | None) -> dict[str, str]:
    """The algorithm's own, every value as text (strings as they are, all else as JSON), and under names that begin
    with an underscore what else the training hangs on.

    folds    the plan was scored on; None while that is not known
    """
    reserved: dict[str, object] = {"_seed": plan.seed}
    if plan.recipe:
        reserved["_recipe"] = plan.recipe
    if folds is not None:
        reserved["_folds"] = folds
    if plan.n_rows is not None:
        reserved["_rows"] = plan.n_rows
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in {**plan.hyperparameters, **reserved}.items()
    }
