"""What each action does in its process: a stage of the engine, on what lies in its folder (automl/names.py) and nowhere
else."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.automl import names
from windvane.automl.actions import (
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    ModelFigures,
    Pack,
    Refit,
    Result,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.ending import QUICK_S
from windvane.automl.exchange import Exchange
from windvane.automl.folders import Folders
from windvane.automl.history import FIRST
from windvane.automl.limits import Limits
from windvane.automl.package_inputs import PackageInputs
from windvane.automl.request import OnAllRows
from windvane.automl.task import ActionTask
from windvane.engine import stages
from windvane.engine.candidate_io import FULL_FIT, read_candidate
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.learners.members import Members
from windvane.engine.training.trial import TrainLimits
from windvane.engine.tuning.first_look import FIRST_LOOK

_MEASURING_S = 0.3
"""Beyond what loading the model takes, which is about what packing it does: for measuring its latency, if there is so much
time."""

AnnounceFolds = Callable[[int], object]
"""Called once while a candidate is trained, with the number of folds that it is scored on."""

Training = Callable[[Path, Path, Plan, TrainLimits, Path], Outcome]
"""`engine.stages.cross_validate`, or `train` where a candidate is to learn from all rows at once."""


def run_task(
    task: ActionTask,
    exchange: Exchange,
    announce_folds: AnnounceFolds,
    members: Members | None = None,
) -> Result:
    """Fetch what a task reads, perform it, and publish what it wrote.

    members    that do it together, this one being the first; None if this one does it alone
    raises     DataFault, CandidateFault, CorruptArtifact, MemberLost, and whatever the exchange raises
    """
    exchange.fetch(task.reads)
    result = perform(task, exchange.folder, announce_folds, members)
    exchange.publish(task.writes)
    return result


def assist(task: ActionTask, exchange: Exchange, members: Members) -> None:
    """Train a candidate with others, of which this one is not the first: nothing of it is published from here.

    raises    DataFault, CandidateFault, CorruptArtifact, MemberLost, and whatever the exchange raises
    """
    exchange.fetch(task.reads)
    if not isinstance(task.action, TrainCandidate):
        raise TypeError(f"{task.action.key} is nothing that several members do.")
    plan, folders = task.action.plan, Folders(exchange.folder)
    limits = TrainLimits(
        task.limits.stop_at,
        threads=task.resources.cpus,
        memory_mb=task.resources.memory_mb,
        members=members,
    )
    stages.assist(folders.dataset, folders.features(plan.recipe), plan, limits)


def perform(
    task: ActionTask,
    folder: Path,
    announce_folds: AnnounceFolds,
    members: Members | None = None,
) -> Result:
    """Perform any action but Analyse in a folder that has what it reads, and return what it brings; `refit_s` and `likely_members`
    are for the driver to find out.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    context = _Context(task, Folders(folder), announce_folds, members)
    return _PERFORM[type(task.action)](task.action, context)


@dataclass(frozen=True)
class _Context:
    """The context of an action."""

    task: ActionTask
    folders: Folders
    announce_folds: AnnounceFolds
    members: Members | None = None

    @property
    def limits(self) -> Limits:
        return self.task.limits

    @property
    def dataset(self) -> Path:
        return self.folders.dataset


def _fit(action: FitFeatures | FitOnAllRows, context: _Context) -> Result:
    """Fit a recipe on the rows that its task is to write fits of."""
    fits = names.fits_in(context.task.writes, action.recipe)
    stages.fit_features(
        context.dataset, action.recipe, context.folders.features(action.recipe), fits
    )
    return Result()


def _first_look(action: FirstLook, context: _Context) -> Result:
    into = context.folders.candidate(action.plan.index)
    return Result(_trained(action.plan, context, _training_of(context), into))


def _train_candidate(action: TrainCandidate, context: _Context) -> Result:
    folders, rival = context.folders, action.rival
    against = None if rival is None else folders.candidate(rival)
    into = folders.candidate(action.plan.index)
    train = _training_of(context)
    outcome = _trained(action.plan, context, train, into, against, seeks_enough=not action.is_long)
    return Result(outcome)


def _train_on_fewer_rows(action: TrainOnFewerRows, context: _Context) -> Result:
    """Train on fewer rows; the model is not used."""
    return Result(_trained(action.plan, context, stages.cross_validate, context.folders.fewer))


def _training_of(context: _Context) -> Training:
    """Return how candidates are trained. One that several members train has learnt from nearly all rows, and is not refitted:
    the others take part in one training."""
    is_at_once = context.task.on_all_rows is OnAllRows.CANDIDATES and context.members is None
    return stages.train if is_at_once else stages.cross_validate


def _trained(
    plan: Plan,
    context: _Context,
    train: Training,
    into: Path,
    rival: Path | None = None,
    *,
    seeks_enough: bool = False,
) -> Outcome:
    limits, folders = context.limits, context.folders

    def agree(n_folds: int) -> int:
        agreed = 1 if time.time() >= limits.one_fold_at else n_folds
        context.announce_folds(agreed)
        return agreed

    train_limits = TrainLimits(
        limits.stop_at,
        limits.folds,
        threads=context.task.resources.cpus,
        memory_mb=context.task.resources.memory_mb,
        rival=rival,
        seeks_enough=seeks_enough,
        members=context.members,
        agree=agree,
    )
    features = folders.features(plan.recipe)
    return train(context.dataset, features, plan, train_limits, _cleared(into))


def _build_ensemble(action: BuildEnsemble, context: _Context) -> Result:
    folders = context.folders
    return Result(
        stages.build_ensemble(
            context.dataset,
            {index: folders.candidate(index) for index in action.members},
            action.index,
            _cleared(folders.candidate(action.index)),
            QUICK_S if action.is_quick else context.task.max_latency_s,
            context.limits.stop_at,
        )
    )


def _train_baseline(action: TrainBaseline, context: _Context) -> Result:
    index = action.plan.index
    into = _cleared(context.folders.candidate(index))
    most_folds = 1 if index == FIRST_LOOK else None
    return Result(stages.train_baseline(context.dataset, index, into, most_folds))


def _refit(action: Refit, context: _Context) -> Result:
    folders = context.folders
    candidate = folders.candidate(action.index)
    if (record := read_candidate(candidate)).recipe_fit == FULL_FIT:
        shutil.copytree(candidate, _cleared(folders.refit(action.index)), copy_function=os.link)
        return Result(record.outcome)
    return Result(
        stages.refit(
            context.dataset,
            folders.features(action.recipe),
            candidate,
            TrainLimits(context.limits.stop_at),
            _cleared(folders.refit(action.index)),
        )
    )


def _pack(action: Pack, context: _Context) -> Result:
    """Write the packages of a candidate, and find out how long they take for a row if there is time for it."""
    began, folders, dataset = time.time(), context.folders, context.dataset
    optimism = pessimism = latency_s = None
    if action.among:
        among = {index: folders.candidate(index) for index in action.among}
        optimism = stages.optimism(dataset, among, action.index)
    inputs = PackageInputs(folders, action.index, action.refits)
    into = _cleared(folders.best)
    stages.assemble(dataset, inputs.features, inputs.candidates, action.index, into)
    if action.has_fewer:
        pessimism = stages.pessimism(dataset, folders.candidate(FIRST), folders.fewer)
    took_s = time.time() - began
    if context.limits.stop_at - time.time() > took_s + _MEASURING_S:
        latency_s = stages.row_latency(dataset, into)
    return Result(judged=ModelFigures(latency_s, optimism, pessimism))


def _cleared(folder: Path) -> Path:
    """Return the path of a folder that is to be made; what an earlier attempt left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


_PERFORM: Mapping[type[Any], Callable[[Any, _Context], Result]] = {
    FitFeatures: _fit,
    FirstLook: _first_look,
    TrainCandidate: _train_candidate,
    TrainOnFewerRows: _train_on_fewer_rows,
    BuildEnsemble: _build_ensemble,
    TrainBaseline: _train_baseline,
    FitOnAllRows: _fit,
    Refit: _refit,
    Pack: _pack,
}
