"""The model that answers: trained once on all rows (but those of a validation set), with the rounds that cross-validation found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidate_io import FULL_FIT, FoldFits
from windvane.engine.candidates import REFIT_ROWS, Plan
from windvane.engine.learners.base import FittedModel, Learner, Rows
from windvane.engine.training.learning_task import CountingClock, Deadline, LearningTask, Sample
from windvane.errors import OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_LEAST_ROUNDS_SHARE = 0.5
"""A refit with fewer of the rounds it should have is worth less than the first fold's model."""

_LEAST_TIME_SHARE = 0.85
"""Of the time that a refit should take, for it to be begun."""

_LEAST_S = 1e-6
_MOST_GROWTH = 1.25
"""Beyond that rounds do not grow: each takes longer as it is."""

_LEAST_GROWTH = 1.5
"""Times the rows of a sample: a refit on fewer is not worth its time."""

NOT_REFITTED = Note(NoteCode.NOT_REFITTED)
"""Of a candidate without a refit."""


@dataclass(frozen=True)
class Refit:
    """The model that was trained on all rows, if there is one.

    model    of all rows, or None
    rows     (n_rows,) bool: what it was trained on
    notes    why there is none, or what is missing in it
    stops    its part of an Outcome's
    """

    model: FittedModel | None
    rows: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()
    stops: dict[str, int] = field(default_factory=dict)


def fit_all_rows(
    learner: Learner, plan: Plan, task: LearningTask, fits: FoldFits, deadline: Deadline
) -> Refit:
    """A fit of all rows takes LearningTask.growth times as long as a fold's: its further rounds make up for those that a fold
    runs beyond the best, and it scores none. Where folds learn from a sample it is of as many rows as fit the time.

    raises    CandidateFault
    """
    none = Refit(None, np.zeros(task.y.size, np.bool_), (NOT_REFITTED,))
    rows = _rows_in_time(task, fits, deadline, plan)
    if rows is None:
        return none
    n_rows, n_learnable = int(rows.sum()), int(task.learnable.sum())
    growth = task.growth * n_rows / n_learnable
    rounds, hyperparameters = _for_more_rows(learner, plan, growth, fits)
    matrix = task.matrix(FULL_FIT)
    X = np.asarray(matrix.X)
    data = Rows(X, task.y, task.weight) if n_rows == rows.size else task.rows(X, rows)
    clock = CountingClock(deadline, plan.stops.get(FULL_FIT))
    try:
        model = learner.fit(data, None, hyperparameters, task.setting(matrix.features), clock)
    except OutOfTime:
        return none
    notes = []
    stops = {} if clock.stopped is None else {FULL_FIT: clock.stopped}
    if n_rows < n_learnable:
        notes.append(Note(NoteCode.REFITTED_ON_ROWS, {"n_rows": n_rows, "of_rows": n_learnable}))
        stops[REFIT_ROWS] = n_rows
    if model.rounds < rounds and clock.stopped is not None:
        if model.rounds < _LEAST_ROUNDS_SHARE * rounds:
            return none
        of_rounds = {"n_rounds": model.rounds, "of_rounds": rounds}
        notes.append(Note(NoteCode.REFITTED_FOR_ROUNDS, of_rounds))
    return Refit(model, rows, tuple(notes), stops)


def _rows_in_time(
    task: LearningTask, fits: FoldFits, deadline: Deadline, plan: Plan
) -> NDArray[np.bool_] | None:
    everything = task.learnable
    if told := plan.stops.get(REFIT_ROWS):
        return task.sampled(Sample(told, plan.seed), everything)
    share = deadline.left_s / max(task.growth * fits.fold_s, _LEAST_S)
    if share >= _LEAST_TIME_SHARE:
        return everything
    if task.sample is None or share * task.growth < _LEAST_GROWTH:
        return None
    return task.sampled(Sample(round(share * int(everything.sum())), plan.seed), everything)


def _for_more_rows(
    learner: Learner, plan: Plan, growth: float, fits: FoldFits
) -> tuple[int, dict[str, Any]]:
    """Rounds and hyperparameters of the refit. Folds that ran all rounds of the plan, or were cut short by the
    time, say nothing about how many more rows could bear."""
    if not fits.rounds:
        return 0, {**plan.hyperparameters, **fits.found}
    as_found = learner.with_rounds(plan.hyperparameters, fits.rounds)
    if as_found == plan.hyperparameters or fits.was_cut:
        return fits.rounds, {**as_found, **fits.found}
    more = round(fits.rounds * _more_rounds(growth))
    return more, {**learner.with_rounds(plan.hyperparameters, more), **fits.found}


def _more_rounds(growth: float) -> float:
    """Return how many times as many rounds the refit gets: more rows bear more, but not in proportion."""
    return math.sqrt(min(growth, _MOST_GROWTH))
