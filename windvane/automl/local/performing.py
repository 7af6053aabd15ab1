"""What each action of a job without a service does, in a process of its own: a stage of the engine, from folder to folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from windvane.automl.actions import (
    Action,
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Judged,
    Pack,
    Refit,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.ending import QUICK_S
from windvane.automl.history import FIRST
from windvane.automl.limits import Limits
from windvane.automl.local.job import LEAST_ROWS, Job
from windvane.automl.local.libraries import Libraries
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions
from windvane.engine.outcomes import FULL_FIT, outcome_to_json
from windvane.engine.training.foldterms import FoldTerms
from windvane.engine.training.matrices import fold_fits
from windvane.engine.training.trial import TrainLimits
from windvane.executor.base import Say, Work

FUNCTION = "windvane.automl.local.performing:perform"

_MEASURING_S = 0.3
"""Beyond what loading the model takes, which is about what packing it does: for measuring its latency, if there is so much
time."""

Result = dict[str, Any]


def work_of(job: Job, action: Action, limits: Limits) -> Work:
    """Return an action of a job as an executor takes it."""
    payload = {
        "job": job.to_json(),
        "kind": type(action).__name__,
        "action": asdict(action),
        "limits": asdict(limits),
    }
    memory_mb = job.memory_mb if limits.is_alone else job.memory_mb // job.threads
    return Work(action.key, FUNCTION, payload, memory_mb, limits.kill_at)


def perform(payload: Mapping[str, Any], say: Say) -> Result:
    """Run an action of a job.

    raises    DataFault, CandidateFault, CorruptArtifact
    """
    job = Job.from_json(payload["job"])
    limits = Limits(**{**payload["limits"], "folds": FoldTerms(**payload["limits"]["folds"])})
    return _PERFORM[payload["kind"]](job, payload["action"], limits, say)


def _analyse(job: Job, _: Mapping[str, Any], __: Limits, ___: Say) -> Result:
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=LEAST_ROWS,
    )
    stages.analyse(job.files, options, job.problem, job.dataset, job.validation)
    return {}


def _fit_features(job: Job, action: Mapping[str, Any], _: Limits, __: Say) -> Result:
    recipe, n_fits = action["recipe"], action["n_fits"]
    stages.fit_features(job.dataset, recipe, job.features(recipe), fold_fits(n_fits))
    return {}


def _train(job: Job, action: Mapping[str, Any], limits: Limits, say: Say) -> Result:
    plan, rival = Plan(**action["plan"]), action.get("rival")
    against = None if rival is None else job.candidate(rival)
    return _cross_validated(job, plan, limits, say, job.candidate(plan.index), against)


def _train_on_fewer_rows(job: Job, action: Mapping[str, Any], limits: Limits, say: Say) -> Result:
    return _cross_validated(job, Plan(**action["plan"]), limits, say, job.fewer)


def _cross_validated(
    job: Job, plan: Plan, limits: Limits, say: Say, into: Path, rival: Path | None = None
) -> Result:
    def agree(n_folds: int) -> int:
        agreed = 1 if time.time() >= limits.one_fold_at else n_folds
        say({"n_folds": agreed})
        return agreed

    Libraries(()).load_for(plan.algorithm)
    memory_mb = job.memory_mb // job.threads
    train_limits = TrainLimits(
        limits.stop_at, limits.folds, memory_mb=memory_mb, rival=rival, agree=agree
    )
    features = job.features(plan.recipe)
    outcome = stages.cross_validate(job.dataset, features, plan, train_limits, into)
    return {"outcome": outcome_to_json(outcome)}


def _build_ensemble(job: Job, action: Mapping[str, Any], limits: Limits, _: Say) -> Result:
    members = {index: job.candidate(index) for index in action["members"]}
    into, most_s = job.candidate(action["index"]), job.max_latency_s
    latency_s = QUICK_S if action["is_quick"] else most_s
    outcome = stages.build_ensemble(
        job.dataset, members, action["index"], into, latency_s, limits.stop_at
    )
    return {} if outcome is None else {"outcome": outcome_to_json(outcome)}


def _train_baseline(job: Job, action: Mapping[str, Any], _: Limits, __: Say) -> Result:
    index = Plan(**action["plan"]).index
    outcome = stages.train_baseline(job.dataset, index, job.candidate(index))
    return {"outcome": outcome_to_json(outcome)}


def _fit_on_all_rows(job: Job, action: Mapping[str, Any], _: Limits, __: Say) -> Result:
    recipe = action["recipe"]
    stages.fit_features(job.dataset, recipe, job.features(recipe), (FULL_FIT,))
    return {}


def _refit(job: Job, action: Mapping[str, Any], limits: Limits, _: Say) -> Result:
    index, features = action["index"], job.features(action["recipe"])
    train_limits = TrainLimits(limits.stop_at)
    outcome = stages.refit(
        job.dataset, features, job.candidate(index), train_limits, job.refit(index)
    )
    return {"outcome": outcome_to_json(outcome)}


def _pack(job: Job, action: Mapping[str, Any], _: Limits, __: Say) -> Result:
    """Write the packages of a candidate, and find out how long they take for a row if there is time for it."""
    began = time.time()
    candidates = {int(folder.name): folder for folder in job.every_candidate()}
    luck = None
    if action["among"]:
        among = {index: candidates[index] for index in action["among"]}
        luck = stages.optimism(job.dataset, among, action["index"])
    refits = {index: job.refit(index) for index in action["refits"]}
    recipes = {folder.name: folder for folder in job.every_features()}
    stages.assemble(
        job.dataset, recipes, {**candidates, **refits}, action["index"], job.out / "best"
    )
    pessimism = None
    if action["has_fewer"]:
        pessimism = stages.pessimism(job.dataset, job.candidate(FIRST), job.fewer)
    latency_s = None
    if job.deadline - time.time() > time.time() - began + _MEASURING_S:
        latency_s = stages.row_latency(job.dataset, job.out / "best")
    return {"judged": asdict(Judged(latency_s, luck, pessimism))}


_PERFORM: dict[str, Callable[[Job, Mapping[str, Any], Limits, Say], Result]] = {
    Analyse.__name__: _analyse,
    FitFeatures.__name__: _fit_features,
    FirstLook.__name__: _train,
    TrainCandidate.__name__: _train,
    TrainOnFewerRows.__name__: _train_on_fewer_rows,
    BuildEnsemble.__name__: _build_ensemble,
    TrainBaseline.__name__: _train_baseline,
    FitOnAllRows.__name__: _fit_on_all_rows,
    Refit.__name__: _refit,
    Pack.__name__: _pack,
}
