"""One pipeline trained fold after fold within its time, for predictions of rows the models had not seen.

What does not fit is left out: folds that may be missing first, then boosting rounds. What was left out is told
in the notes.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidate_io import FoldFits, fold_fit
from windvane.engine.candidates import Plan
from windvane.engine.evaluation.trained import Trained
from windvane.engine.learners.base import FittedModel, Learner
from windvane.engine.learners.target_transform import with_smearing
from windvane.engine.training.learning_task import CountingClock, Deadline, LearningTask
from windvane.errors import OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_FIRST_FOLD_MARGIN, _AFTER_S = 0.85, 10.0
"""Of the first fold's share of the time: what is done after a model's last round takes time too, but so many seconds at
most."""

_LEAST_FOLD_SHARE = 0.6
"""Of the time of the slowest fold: a fold that must run may be cut this short, but no shorter."""

_LONGEST_FOLD = 2.0
"""Times the slowest fold so far: what a fold that may be missing gets at least, if there is so much time."""


@dataclass(frozen=True)
class Wanted:
    """The number of folds to train.

    least    with fewer the candidate is out of time
    most     if there is time: called once, with the seconds that the first fold took
    after    what follows and needs time, in fits of a fold
    fold_s   no fold takes longer: its rounds so far count
    check    called with the predictions so far and the number of folds before each further one of the first division;
             what it raises ends all
    """

    least: int
    most: Callable[[float], int]
    after: float = 0.0
    fold_s: float = math.inf
    check: Callable[[NDArray[np.float32], int], None] | None = None


@dataclass(frozen=True)
class _Fold:
    model: FittedModel
    predicted: NDArray[np.float64]
    took_s: float
    stopped: int | None


def train_folds(
    learner: Learner, plan: Plan, task: LearningTask, deadline: Deadline, wanted: Wanted
) -> Trained:
    """Out-of-fold predictions, and the model of the first fold.

    raises        CandidateFault; OutOfTime if less than `wanted.least` folds can be trained; what `wanted.check` raises
    """
    folds = _train_all(learner, plan, task, deadline, wanted)
    stops = {fold: one.stopped for fold, one in enumerate(folds) if one.stopped is not None}
    return Trained(
        model=folds[0].model,
        recipe_fit=fold_fit(0),
        rows=task.training_rows(0),
        out_of_fold=_out_of_fold(folds, task),
        folds_used=len(folds),
        fits=FoldFits(
            rounds=round(statistics.median(one.model.rounds for one in folds)),
            was_cut=bool(stops),
            fold_s=statistics.fmean(one.took_s for one in folds),
            found=with_smearing({}, [one.model for one in folds]),
        ),
        notes=_notes_of(len(folds), task, stops),
        stops={fold_fit(fold): stop for fold, stop in stops.items()},
    )


def _train_all(
    learner: Learner, plan: Plan, task: LearningTask, deadline: Deadline, wanted: Wanted
) -> list[_Fold]:
    """Each fold gets what those that must follow leave."""
    left_s = deadline.left_s / (wanted.least + wanted.after)
    own_s = max(_FIRST_FOLD_MARGIN * left_s, left_s - _AFTER_S)
    first = Deadline(deadline.at - deadline.left_s + own_s)
    folds = [_train_fold(learner, plan, task, 0, first.within(wanted.fold_s))]
    most = wanted.most(folds[0].took_s)
    for fold in range(1, most):
        until = _until(fold, most, folds, deadline, wanted)
        if until is None:
            break
        if wanted.check is not None and fold < task.n_folds:
            wanted.check(_out_of_fold(folds, task), fold)
        try:
            folds.append(_train_fold(learner, plan, task, fold, until.within(wanted.fold_s)))
        except OutOfTime:
            break
    if len(folds) < wanted.least:
        facts = {"n_folds": len(folds), "least_folds": wanted.least}
        raise OutOfTime(Note(NoteCode.FOLDS_MISSING, facts))
    return folds[: _whole_divisions(len(folds), task)]


def _whole_divisions(n_folds: int, task: LearningTask) -> int:
    """Folds of divisions beyond the first count together or not at all: each row is to be predicted as often as others."""
    return n_folds if n_folds <= task.n_folds else n_folds - n_folds % task.n_folds


def _until(
    fold: int, most: int, folds: list[_Fold], deadline: Deadline, wanted: Wanted
) -> Deadline | None:
    """Return when the next fold must be over; None if it is not to be begun. Folds that must run share the time evenly
    and go before what follows them; that goes before other folds, each of which leaves time for those after it."""
    slowest_s = max(one.took_s for one in folds)
    left_s = deadline.left_s
    if fold >= wanted.least:
        free_s = left_s - wanted.after * statistics.fmean(one.took_s for one in folds)
        others_s = (most - fold - 1) * slowest_s
        own_s = min(free_s, max(free_s - others_s, _LONGEST_FOLD * slowest_s))
        return Deadline(deadline.at - left_s + own_s) if free_s >= slowest_s else None
    to_run = wanted.least - fold
    for shares in (to_run + wanted.after, to_run):
        if left_s / shares >= _LEAST_FOLD_SHARE * slowest_s:
            return Deadline(deadline.at - left_s * (1 - 1 / shares))
    return None


def _train_fold(
    learner: Learner, plan: Plan, task: LearningTask, fold: int, until: Deadline
) -> _Fold:
    started, clock = time.time(), CountingClock(until, plan.stops.get(fold_fit(fold)))
    matrix = task.matrix(fold_fit(fold))
    inside, used = task.validated(fold), task.training_rows(fold)
    valid = task.rows(matrix.X, inside)
    model = learner.fit(
        task.rows(matrix.X, used),
        valid,
        plan.hyperparameters,
        task.setting(matrix.features),
        clock,
    )
    predicted = model.predict(valid.X)
    return _Fold(model, predicted, time.time() - started, clock.stopped)


def _out_of_fold(folds: list[_Fold], task: LearningTask) -> NDArray[np.float32]:
    shape = (task.y.size, *folds[0].predicted.shape[1:])
    if len(folds) == 1:
        alone = np.full(shape, np.nan, np.float32)
        alone[task.validated(0)] = folds[0].predicted
        return alone
    total = np.zeros(shape)
    times = np.zeros((task.y.size, *(1 for _ in shape[1:])))
    for fold, one in enumerate(folds):
        inside = task.validated(fold)
        total[inside] += one.predicted
        times[inside] += 1
    with np.errstate(invalid="ignore"):
        return (total / times).astype(np.float32)


def _notes_of(n_folds: int, task: LearningTask, cut: Iterable[int]) -> tuple[Note, ...]:
    notes = []
    if n_folds < task.n_folds:
        facts = {"n_folds": n_folds, "of_folds": task.n_folds}
        notes.append(Note(NoteCode.SCORED_ON_FOLDS, facts))
    if n_folds > task.n_folds:
        facts = {"n_repeats": n_folds // task.n_folds, "n_folds": task.n_folds}
        notes.append(Note(NoteCode.SCORED_ON_REPEATS, facts))
    if task.sample is not None:
        notes.append(Note(NoteCode.TRAINED_ON_SAMPLE, {"n_rows": task.sample.n_rows}))
    if cut_folds := tuple(map(str, cut)):
        notes.append(Note(NoteCode.CUT_SHORT, {"folds": cut_folds}))
    return tuple(notes)
