"""One plan tried on one table: its training, measured and written as a candidate's folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from windvane.engine.candidate_io import (
    FULL_FIT,
    CandidateRecord,
    fold_fit,
    read_candidate,
    read_out_of_fold,
    write_candidate,
)
from windvane.engine.candidates import SAMPLE_ROWS, Outcome, Plan, sample_of
from windvane.engine.data.dataset import Dataset
from windvane.engine.data.split import HOLD_OUT
from windvane.engine.evaluation import judge
from windvane.engine.evaluation.trained import Trained
from windvane.engine.features.base import Feature
from windvane.engine.features.recipe import load_recipe
from windvane.engine.learners.base import FittedModel, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.members import Members
from windvane.engine.packages import assembly
from windvane.engine.packages.latency import folder_bytes, row_latency_s
from windvane.engine.packages.predictor import (
    Combination,
    LoadedMember,
    Predictor,
    Transformers,
)
from windvane.engine.training.crossvalidate import Wanted, train_folds
from windvane.engine.training.fold_limits import ALL_FOLDS, FoldLimits
from windvane.engine.training.learning_curve import train_on_enough_rows
from windvane.engine.training.learning_task import Deadline, LearningTask, Matrix, Sample
from windvane.engine.training.matrices import read_matrix, write_fits
from windvane.engine.training.refit import NOT_REFITTED, fit_all_rows
from windvane.engine.training.rival import Rival
from windvane.errors import CorruptArtifact
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_MOST_AFTER = 2.0
"""Times a fold's fit: what a refit is left at most while there are folds to train."""

_PART_OF_TIME = 0.15
"""Of what is left, for each point of a learning curve but the last one: several times what it is expected to take."""

_MEASURING_SHARE = 0.04
_MEASURING_S = (0.3, 3.0)


@dataclass(frozen=True)
class TrainLimits:
    """Bounds of one candidate's training; it ends by itself before them and keeps what it has.

    stop_at      time.time() by which the stage must have returned
    folds        what it is scored on
    threads      for the learner
    memory_mb    its process may hold; it is not trained if it is expected to need more. None: no limit
    rival        folder of another candidate: one that is clearly worse than it is given up. None: it is trained to its end
    seeks_enough whether a plan that learns from a sample may learn from fewer rows, where more of them do not help
    members      that train the model together; None if this process trains it alone
    agree        called with the number of folds that these bounds come to; returns the one that holds
    """

    stop_at: float
    folds: FoldLimits = ALL_FOLDS
    threads: int = 1
    memory_mb: float | None = None
    rival: Path | None = None
    seeks_enough: bool = False
    members: Members | None = None
    agree: Callable[[int], int] = lambda n_folds: n_folds

    def deadline(self) -> Deadline:
        """Return the deadline of the training itself: what is left is for measuring and writing."""
        least, most = _MEASURING_S
        left_s = self.stop_at - time.time()
        return Deadline(self.stop_at - min(max(_MEASURING_SHARE * left_s, least), most))


class Trial:
    """A plan on a table. features: the folder of its recipe; None for a plan that needs none."""

    def __init__(self, table: Dataset, features: Path | None, plan: Plan) -> None:
        self._table, self._features, self._plan = table, features, plan
        self._learner, self._n_rows = learner(plan.algorithm), sample_of(plan, plan.stops)
        self._started = time.time()

    def cross_validate(self, limits: TrainLimits) -> Trained:
        """Train and score the plan on every fold, without a refit.

        raises    CandidateFault; OutOfTime and Outclassed are kinds of it
        """
        trained = self._train_folds(limits, limits.deadline(), 0.0)
        if not self._task(limits, self._n_rows).needs_refit:
            return trained
        return replace(trained, notes=(*trained.notes, NOT_REFITTED))

    def train(self, limits: TrainLimits) -> Trained:
        """Return the same, and a refit on all rows if the time allows it."""
        deadline, task = limits.deadline(), self._task(limits, self._n_rows)
        after = min(task.growth, _MOST_AFTER) if task.needs_refit else 0.0
        trained = self._train_folds(limits, deadline, after)
        return self._refitted(trained, limits, deadline)

    def assist(self, limits: TrainLimits) -> None:
        """Train with others the model that the first of them keeps, for as long as that one says.

        raises    CandidateFault; MemberLost
        """
        task = self._task(limits, self._n_rows)
        matrix = task.matrix(fold_fit(0))
        rows = task.rows(matrix.X, task.training_rows(0))
        setting = task.setting(matrix.features)
        self._learner.fit(rows, None, self._plan.hyperparameters, setting, Deadline(math.inf))

    def refit(self, candidate: Path, limits: TrainLimits) -> Trained:
        """Return what `cross_validate` left in the folder, with the model of all rows if the time allows it."""
        record = read_candidate(candidate)
        if record.fits is None:
            raise CorruptArtifact(f"{candidate} is an ensemble; refit its members instead.")
        n_rows = sample_of(self._plan, record.outcome.stops)
        trained = Trained(
            model=self._learner.load(candidate / "model"),
            recipe_fit=record.recipe_fit,
            rows=self._task(limits, n_rows).training_rows(0),
            out_of_fold=read_out_of_fold(candidate),
            folds_used=record.outcome.folds_used,
            fits=record.fits,
            notes=tuple(one for one in record.outcome.notes if one != NOT_REFITTED),
            stops=record.outcome.stops,
        )
        self._started -= record.outcome.fit_s
        return self._refitted(trained, limits, limits.deadline())

    def write(self, trained: Trained, folder: Path) -> Outcome:
        """Score and measure what was trained, and write it into an existing folder."""
        fit_s = time.time() - self._started
        (folder / "model").mkdir()
        trained.model.save(folder / "model")
        X = self._matrix(trained.recipe_fit).X
        record = judge.candidate_record(self._table, self._plan, trained, X, fit_s)
        record = self._measured(record, trained.model, folder)
        write_candidate(folder, record, trained.out_of_fold)
        return record.outcome

    def _train_folds(self, limits: TrainLimits, deadline: Deadline, after: float) -> Trained:
        analysis, n_rows = self._table.analysis, self._n_rows

        def most(fold_s: float) -> int:
            return limits.agree(limits.folds.n_folds(analysis, fold_s))

        check = (
            None if limits.rival is None else partial(Rival.read(limits.rival).check, self._table)
        )
        wanted = Wanted(limits.folds.least_of(analysis), most, after, limits.folds.fold_s, check)
        until = deadline.within(limits.folds.fold_s)

        def on_rows(n_learnt: int | None) -> Trained:
            part = 1.0 if n_learnt == n_rows else _PART_OF_TIME
            limited = replace(wanted, fold_s=part * until.left_s)
            task = self._task(limits, n_learnt)
            return train_folds(self._learner, self._plan, task, deadline, limited)

        if not limits.seeks_enough or n_rows is None or analysis.n_folds != HOLD_OUT:
            found = on_rows(n_rows)
        else:
            found = train_on_enough_rows(self._table, n_rows, on_rows)
        stops = {name: n for name, n in self._plan.stops.items() if name == SAMPLE_ROWS}
        notes = (*found.notes, *_notes_of(limits.members), *analysis.remarks)
        return replace(found, notes=notes, stops={**found.stops, **stops})

    def _refitted(self, trained: Trained, limits: TrainLimits, deadline: Deadline) -> Trained:
        task = self._task(limits, sample_of(self._plan, trained.stops))
        if not task.needs_refit:
            return replace(trained, recipe_fit=FULL_FIT)
        found = fit_all_rows(self._learner, self._plan, task, trained.fits, deadline)
        notes = (*trained.notes, *found.notes)
        if found.model is None:
            return replace(trained, notes=notes)
        return replace(
            trained,
            model=found.model,
            recipe_fit=FULL_FIT,
            rows=found.rows,
            notes=notes,
            stops={**trained.stops, **found.stops},
        )

    def _task(self, limits: TrainLimits, n_rows: int | None) -> LearningTask:
        analysis, plan = self._table.analysis, self._plan

        def setting(of: tuple[Feature, ...]) -> Setting:
            return Setting(
                problem_type=analysis.problem_type,
                objective=analysis.objective,
                n_classes=analysis.n_classes,
                features=of,
                seed=plan.seed,
                threads=limits.threads,
                monotone=analysis.monotone,
                members=limits.members,
            )

        return LearningTask(
            matrix=self._matrix,
            y=self._table.y,
            split=self._table.split,
            setting=setting,
            learnable=self._table.learnable,
            sample=None if n_rows is None else Sample(n_rows, plan.seed),
            weight=self._table.weight,
        )

    def _matrix(self, fit: str) -> Matrix:
        if self._features is None:
            return Matrix(np.empty((self._table.y.size, 0), np.float32), ())
        write_fits(self._table, self._plan.recipe, (fit,), self._features)
        return read_matrix(self._features, fit)

    def _measured(
        self, record: CandidateRecord, model: FittedModel, folder: Path
    ) -> CandidateRecord:
        """Return the record with its size and with the latency of a predictor like the one that will be deployed."""
        recipe = self._plan.recipe
        recipes = (
            {}
            if self._features is None
            else {recipe: load_recipe(self._features / record.recipe_fit)}
        )
        analysis = self._table.analysis
        predictor = Predictor(
            Transformers(assembly.schema_of(analysis), analysis.columns, recipes),
            [LoadedMember(1.0, recipe, model, record.temperature)],
            Combination(record.decision),
            about={},
        )
        outcome = replace(
            record.outcome,
            latency_s=row_latency_s(predictor, self._table.sample_rows()),
            size_bytes=folder_bytes(folder / "model"),
        )
        return replace(record, outcome=outcome)


def _notes_of(members: Members | None) -> tuple[Note, ...]:
    return () if members is None else (Note(NoteCode.TRAINED_ON_NODES, {"n_nodes": members.size}),)
