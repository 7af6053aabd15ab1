"""The model that answers: trained once on all rows, with the rounds that cross-validation found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from windvane.engine.candidates import Plan
from windvane.engine.learners.base import FittedModel, Learner, Rows
from windvane.engine.outcomes import FULL_FIT, FoldFits
from windvane.engine.training.tasks import Deadline, Task
from windvane.errors import OutOfTime

_LEAST_ROUNDS_SHARE = 0.5
"""A refit with fewer of the rounds it should have is worth less than the first fold's model."""

_LEAST_TIME_SHARE = 0.85
"""Of the time that a refit should take, for it to be begun."""

NOT_REFITTED = "the model is the first fold's: there was no refit on all rows"


@dataclass(frozen=True)
class Refit:
    """model    of all rows, or None
    notes    why there is none, or what is missing in it
    """

    model: FittedModel | None
    notes: tuple[str, ...] = ()


def fit_all_rows(
    learner: Learner, plan: Plan, task: Task, fits: FoldFits, deadline: Deadline
) -> Refit:
    """It takes Task.growth times as long as a fold's fit: its further rounds make up for those that a fold runs beyond
    the best, and it scores none.

    raises    CandidateFault
    """
    if deadline.left_s < _LEAST_TIME_SHARE * task.growth * fits.fold_s:
        return Refit(None, (NOT_REFITTED,))
    rounds, hyperparameters = _for_all_rows(learner, plan, task, fits)
    matrix = task.matrix(FULL_FIT)
    try:
        model = learner.fit(
            Rows(np.asarray(matrix.X), task.y),
            None,
            hyperparameters,
            task.setting(matrix.features),
            deadline,
        )
    except OutOfTime:
        return Refit(None, (NOT_REFITTED,))
    if model.rounds >= rounds or not deadline.is_over():
        return Refit(model)
    if model.rounds < _LEAST_ROUNDS_SHARE * rounds:
        return Refit(None, (NOT_REFITTED,))
    return Refit(model, (f"the refit ended after {model.rounds} of {rounds} rounds: time",))


def _for_all_rows(
    learner: Learner, plan: Plan, task: Task, fits: FoldFits
) -> tuple[int, dict[str, Any]]:
    """Rounds and hyperparameters of the refit. Folds that ran all rounds of the plan, or were cut short by the
    time, say nothing about how many more rows could bear."""
    if not fits.rounds:
        return 0, {**plan.hyperparameters, **fits.found}
    as_found = learner.with_rounds(plan.hyperparameters, fits.rounds)
    if as_found == plan.hyperparameters or fits.was_cut:
        return fits.rounds, {**as_found, **fits.found}
    more = round(fits.rounds * _more_rounds(task.growth))
    return more, {**learner.with_rounds(plan.hyperparameters, more), **fits.found}


def _more_rounds(growth: float) -> float:
    """How many times as many rounds the refit gets: more rows bear more, but not in proportion."""
    return math.sqrt(growth)
