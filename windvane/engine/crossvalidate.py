"""One pipeline trained within its time: fold after fold for honest predictions, then once on all rows.

What does not fit is left out: folds that may be missing first, then the refit (the first fold's model stands
in for it), then boosting rounds. What was left out is told in the notes.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidates import Plan
from windvane.engine.columns import FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import FittedModel, Learner, Rows, Setting
from windvane.engine.outcomes import FULL_FIT, fold_fit
from windvane.errors import OutOfTime

_FIRST_FOLD_MARGIN = 0.85
"""Of the first fold's share of the time: what is done after a model's last round takes time too."""

_LEAST_FOLD_SHARE = 0.6
"""Of the time of the slowest fold: a fold that must run may be cut this short, but no shorter."""

_LONGEST_FOLD = 2.0
"""Times the slowest fold so far: what a fold that may be missing gets at least, if there is so much time."""

_LEAST_ROUNDS_SHARE = 0.5
"""A refit with fewer of the rounds it should have is worth less than the first fold's model."""


@dataclass(frozen=True)
class Deadline:
    """A clock that is over at `at`, a time.time()."""

    at: float

    def is_over(self) -> bool:
        return time.time() >= self.at

    @property
    def left_s(self) -> float:
        return self.at - time.time()


@dataclass(frozen=True)
class Matrix:
    """What a recipe's fit made of all rows.

    X   (n_rows, n_features) float32, memory-mapped
    """

    X: FloatMatrix
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class Task:
    """What is to be learnt.

    matrix     name of a recipe's fit -> its matrix
    y          (n_rows,) target or class index
    folds      (n_rows,) the fold in which a row is validated, or -1
    setting    features -> the learner's setting
    """

    matrix: Callable[[str], Matrix]
    y: NDArray[np.float64]
    folds: NDArray[np.int8]
    n_folds: int
    setting: Callable[[tuple[Feature, ...]], Setting]


@dataclass(frozen=True)
class Trained:
    """A model and what cross-validation says of it.

    recipe_fit   the fit of the recipe whose matrix the model takes
    rows         (n_rows,) bool: what the model was trained on
    out_of_fold  (n_rows,) or (n_rows, n_classes) float32, NaN where there is none
    """

    model: FittedModel
    recipe_fit: str
    rows: NDArray[np.bool_]
    out_of_fold: NDArray[np.float32]
    folds_used: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Fold:
    model: FittedModel
    predicted: NDArray[np.float64]
    took_s: float
    was_cut: bool


@dataclass(frozen=True)
class _Wanted:
    """How many folds are to be trained: at least, and at most if there is time."""

    least: int
    most: int


def train_within(
    learner: Learner,
    plan: Plan,
    task: Task,
    deadline: Deadline,
    least_folds: int,
    most_folds: int | None = None,
) -> Trained:
    """most_folds    None for all that the task has

    raises        CandidateFault; OutOfTime if less than `least_folds` folds can be trained
    """
    most = min(task.n_folds, most_folds or task.n_folds)
    wanted = _Wanted(min(least_folds, most), most)
    folds = _cross_validate(learner, plan, task, deadline, wanted)
    notes = _notes_of(folds, task)
    model, note = _refit(learner, plan, task, folds, deadline)
    everything = np.ones(task.y.size, np.bool_)
    return Trained(
        model=model or folds[0].model,
        recipe_fit=FULL_FIT if model else fold_fit(0),
        rows=everything if model else task.folds != 0,
        out_of_fold=_out_of_fold(folds, task),
        folds_used=len(folds),
        notes=(*notes, *note),
    )


def _cross_validate(
    learner: Learner, plan: Plan, task: Task, deadline: Deadline, wanted: _Wanted
) -> list[_Fold]:
    """Each fold gets what the folds that must follow and the refit leave."""
    share = _FIRST_FOLD_MARGIN / (wanted.least + _refit_cost(task))
    first = Deadline(deadline.at - (1 - share) * deadline.left_s)
    folds = [_train_fold(learner, plan, task, 0, first)]
    for fold in range(1, wanted.most):
        until = _until(fold, folds, task, deadline, wanted)
        if until is None:
            break
        try:
            folds.append(_train_fold(learner, plan, task, fold, until))
        except OutOfTime:
            break
    if len(folds) < wanted.least:
        raise OutOfTime(
            f"{len(folds)} of the {wanted.least} folds that candidates of this job are compared on were "
            "trained when it was clear that the others would not fit into the time left."
        )
    return folds


def _until(
    fold: int, folds: list[_Fold], task: Task, deadline: Deadline, wanted: _Wanted
) -> Deadline | None:
    """When the next fold must be over; None if it is not to be begun. Folds that must run share the time evenly
    and go before the refit; the refit goes before other folds, each of which leaves time for those after it."""
    slowest_s = max(one.took_s for one in folds)
    left_s = deadline.left_s
    if fold >= wanted.least:
        free_s = left_s - _refit_s(folds, task)
        others_s = (wanted.most - fold - 1) * slowest_s
        own_s = min(free_s, max(free_s - others_s, _LONGEST_FOLD * slowest_s))
        return Deadline(deadline.at - left_s + own_s) if free_s >= slowest_s else None
    to_run = wanted.least - fold
    for shares in (to_run + _refit_cost(task), to_run):
        if left_s / shares >= _LEAST_FOLD_SHARE * slowest_s:
            return Deadline(deadline.at - left_s * (1 - 1 / shares))
    return None


def _train_fold(learner: Learner, plan: Plan, task: Task, fold: int, clock: Deadline) -> _Fold:
    started = time.time()
    matrix = task.matrix(fold_fit(fold))
    inside = task.folds == fold
    valid = Rows(matrix.X[inside], task.y[inside])
    model = learner.fit(
        Rows(matrix.X[~inside], task.y[~inside]),
        valid,
        plan.hyperparameters,
        task.setting(matrix.features),
        clock,
    )
    predicted = model.predict(valid.X)
    return _Fold(model, predicted, time.time() - started, clock.is_over())


def _refit_s(folds: list[_Fold], task: Task) -> float:
    return _refit_cost(task) * statistics.fmean(one.took_s for one in folds)


def _refit_cost(task: Task) -> float:
    """Of the refit, in folds: more rows, and more rounds because there are more rows."""
    return _growth(task) * _more_rounds(task)


def _more_rounds(task: Task) -> float:
    """How many times as many rounds the refit gets: more rows bear more, but not in proportion."""
    return math.sqrt(_growth(task))


def _growth(task: Task) -> float:
    """How many times as many rows as a fold's training part the whole table has."""
    return task.y.size / int(np.sum(task.folds != 0))


def _refit(
    learner: Learner, plan: Plan, task: Task, folds: list[_Fold], deadline: Deadline
) -> tuple[FittedModel | None, tuple[str, ...]]:
    """The model of all rows, or None and why there is none."""
    missing = ("the model is the first fold's: no time for a refit on all rows",)
    if deadline.left_s < _refit_s(folds, task):
        return None, missing
    rounds, hyperparameters = _for_all_rows(learner, plan, task, folds)
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
        return None, missing
    if model.rounds >= rounds or not deadline.is_over():
        return model, ()
    if model.rounds < _LEAST_ROUNDS_SHARE * rounds:
        return None, missing
    return model, (f"the refit ended after {model.rounds} of {rounds} rounds: time",)


def _for_all_rows(
    learner: Learner, plan: Plan, task: Task, folds: list[_Fold]
) -> tuple[int, dict[str, Any]]:
    """Rounds and hyperparameters of the refit. Folds that ran all rounds of the plan, or were cut short by the
    time, say nothing about how many more rows could bear."""
    rounds = round(statistics.median(one.model.rounds for one in folds))
    if not rounds:
        return 0, plan.hyperparameters
    as_found = learner.with_rounds(plan.hyperparameters, rounds)
    if as_found == plan.hyperparameters or any(one.was_cut for one in folds):
        return rounds, as_found
    more = round(rounds * _more_rounds(task))
    return more, learner.with_rounds(plan.hyperparameters, more)


def _out_of_fold(folds: list[_Fold], task: Task) -> NDArray[np.float32]:
    shape = (task.y.size, *folds[0].predicted.shape[1:])
    out_of_fold = np.full(shape, np.nan, np.float32)
    for fold, one in enumerate(folds):
        out_of_fold[task.folds == fold] = one.predicted
    return out_of_fold


def _notes_of(folds: list[_Fold], task: Task) -> tuple[str, ...]:
    notes = []
    if len(folds) < task.n_folds:
        notes.append(f"scored on {len(folds)} of {task.n_folds} folds: time")
    cut = [str(fold) for fold, one in enumerate(folds) if one.was_cut]
    if cut:
        notes.append(f"training was cut short in fold {', '.join(cut)}: time")
    return tuple(notes)
