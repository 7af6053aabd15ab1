"""What each action does in its process: a stage of the engine, from folders to a folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from windvane.automl.actions import (
    Action,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Judged,
    Pack,
    Refit,
    Result,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.ending import QUICK_S
from windvane.automl.folders import Folders
from windvane.automl.history import FIRST
from windvane.automl.limits import Limits
from windvane.engine import stages
from windvane.engine.candidates import Outcome, Plan
from windvane.engine.data.dataset import read_analysis
from windvane.engine.outcomes import FULL_FIT, read_candidate
from windvane.engine.training.matrices import fold_fits
from windvane.engine.training.trial import TrainLimits

_MEASURING_S = 0.3
"""Beyond what loading the model takes, which is about what packing it does: for measuring its latency, if there is so much
time."""

AnnounceFolds = Callable[[int], object]
"""Called once while a candidate is trained, with the number of folds that it is scored on."""

Training = Callable[[Path, Path, Plan, TrainLimits, Path], Outcome]
"""`engine.stages.cross_validate`, or `train` where a candidate is to learn from all rows at once."""


@dataclass(frozen=True)
class ActionContext:
    """The folders, limits and memory that an action is performed with.

    memory_mb        its process may hold
    max_latency_s    of a row, of the model that is kept; None for as long as it takes
    training         what trains a candidate; None: `cross_validate`
    """

    folders: Folders
    limits: Limits
    memory_mb: int
    max_latency_s: float | None = None
    announce_folds: AnnounceFolds | None = None
    training: Training | None = None


def perform(action: Action, context: ActionContext) -> Result:
    """Perform any action but Analyse, and return what it brings; `refit_s` and `likely` are for the driver to find out.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    return _PERFORM[type(action)](action, context)


def _fit_features(action: FitFeatures, context: ActionContext) -> Result:
    folders = context.folders
    n_fits = min(action.n_fits, read_analysis(folders.dataset).n_fold_fits)
    into = folders.features(action.recipe)
    stages.fit_features(folders.dataset, action.recipe, into, fold_fits(n_fits))
    return Result()


def _first_look(action: FirstLook, context: ActionContext) -> Result:
    into = context.folders.candidate(action.plan.index)
    return _trained(action.plan, context, into)


def _train_candidate(action: TrainCandidate, context: ActionContext) -> Result:
    folders, rival = context.folders, action.rival
    against = None if rival is None else folders.candidate(rival)
    return _trained(action.plan, context, folders.candidate(action.plan.index), against)


def _train_on_fewer_rows(action: TrainOnFewerRows, context: ActionContext) -> Result:
    cross_validating = replace(context, training=None)  # its model is not used
    return _trained(action.plan, cross_validating, context.folders.fewer)


def _trained(plan: Plan, context: ActionContext, into: Path, rival: Path | None = None) -> Result:
    limits, folders = context.limits, context.folders

    def agree(n_folds: int) -> int:
        agreed = 1 if time.time() >= limits.one_fold_at else n_folds
        if context.announce_folds is not None:
            context.announce_folds(agreed)
        return agreed

    train_limits = TrainLimits(
        limits.stop_at, limits.folds, memory_mb=context.memory_mb, rival=rival, agree=agree
    )
    train, features = context.training or stages.cross_validate, folders.features(plan.recipe)
    return Result(train(folders.dataset, features, plan, train_limits, _cleared(into)))


def _build_ensemble(action: BuildEnsemble, context: ActionContext) -> Result:
    folders = context.folders
    return Result(
        stages.build_ensemble(
            folders.dataset,
            {index: folders.candidate(index) for index in action.members},
            action.index,
            _cleared(folders.candidate(action.index)),
            QUICK_S if action.is_quick else context.max_latency_s,
            context.limits.stop_at,
        )
    )


def _train_baseline(action: TrainBaseline, context: ActionContext) -> Result:
    folders, index = context.folders, action.plan.index
    into = _cleared(folders.candidate(index))
    return Result(stages.train_baseline(folders.dataset, index, into))


def _fit_on_all_rows(action: FitOnAllRows, context: ActionContext) -> Result:
    folders = context.folders
    into = folders.features(action.recipe)
    stages.fit_features(folders.dataset, action.recipe, into, (FULL_FIT,))
    return Result()


def _refit(action: Refit, context: ActionContext) -> Result:
    folders = context.folders
    candidate = folders.candidate(action.index)
    if (record := read_candidate(candidate)).recipe_fit == FULL_FIT:
        shutil.copytree(candidate, _cleared(folders.refit(action.index)), copy_function=os.link)
        return Result(record.outcome)
    return Result(
        stages.refit(
            folders.dataset,
            folders.features(action.recipe),
            candidate,
            TrainLimits(context.limits.stop_at),
            _cleared(folders.refit(action.index)),
        )
    )


def _pack(action: Pack, context: ActionContext) -> Result:
    """Write the packages of a candidate, and find out how long they take for a row if there is time for it."""
    began, folders = time.time(), context.folders
    dataset, candidates = folders.dataset, folders.every_candidate()
    optimism = pessimism = latency_s = None
    if action.among:
        among = {index: candidates[index] for index in action.among}
        optimism = stages.optimism(dataset, among, action.index)
    refits = {index: folders.refit(index) for index in action.refits}
    into = _cleared(folders.best)
    stages.assemble(dataset, folders.every_features(), {**candidates, **refits}, action.index, into)
    if action.has_fewer:
        pessimism = stages.pessimism(dataset, folders.candidate(FIRST), folders.fewer)
    took_s = time.time() - began
    if context.limits.stop_at - time.time() > took_s + _MEASURING_S:
        latency_s = stages.row_latency(dataset, into)
    return Result(judged=Judged(latency_s, optimism, pessimism))


def _cleared(folder: Path) -> Path:
    """Return the path of a folder that is to be made; what an earlier attempt left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


_PERFORM: Mapping[type[Action], Callable[[Any, ActionContext], Result]] = {
    FitFeatures: _fit_features,
    FirstLook: _first_look,
    TrainCandidate: _train_candidate,
    TrainOnFewerRows: _train_on_fewer_rows,
    BuildEnsemble: _build_ensemble,
    TrainBaseline: _train_baseline,
    FitOnAllRows: _fit_on_all_rows,
    Refit: _refit,
    Pack: _pack,
}
