"""A job in the store as the workflow (windvane/automl/workflow.py) sees it: its request, its history, its actions as tasks."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from windvane.automl.actions import (
    Action,
    Analyse,
    BuildEnsemble,
    FirstLook,
    FitFeatures,
    FitOnAllRows,
    Pack,
    Refit,
    Result,
    Step,
    TrainBaseline,
    TrainCandidate,
    TrainOnFewerRows,
)
from windvane.automl.documents import TYPES, action_from_json, action_to_json, result_from_json
from windvane.automl.history import History
from windvane.automl.request import ONE_NODE, DataParallel, OnAllRows, Request, Schedule
from windvane.automl.steps import Status
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import Mode
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.domain.timing import LATE, Timetable
from windvane.engine.candidates import Plan, baseline_plan
from windvane.engine.tuning.strategy import Strategy
from windvane.notes.note import Note
from windvane.notes.untrusted import read_untrusted_note

_KINDS: dict[type[Action], TaskKind] = {
    FitFeatures: TaskKind.FEATURES,
    FirstLook: TaskKind.TRAIN,
    TrainCandidate: TaskKind.TRAIN,
    TrainOnFewerRows: TaskKind.FEWER_ROWS,
    BuildEnsemble: TaskKind.ENSEMBLE,
    TrainBaseline: TaskKind.BASELINE,
    FitOnAllRows: TaskKind.FEATURES,
    Refit: TaskKind.REFIT,
    Pack: TaskKind.PACK,
}

ACTIONS = frozenset(_KINDS.values())
"""Kinds of the tasks that the workflow asks for."""

SEARCH = frozenset({TaskKind.FEATURES, TaskKind.TRAIN, TaskKind.FEWER_ROWS})
"""Those of its search. FEATURES are asked for after it, too."""

MADE_BY = "made_by"
"""In the task that packs a candidate: key of the task that made it."""

_LONGEST_REASON = 1000
"""Characters of the sentence by which tasks of earlier versions said why they had given a candidate up; it had 200."""

_EVERY_FOLD = 1000

GIVEN_UP = (CandidateStatus.FAILED, CandidateStatus.STOPPED)

STATUS = {
    TaskStatus.READY: Status.WAITING,
    TaskStatus.RUNNING: Status.RUNNING,
    TaskStatus.DONE: Status.DONE,
    TaskStatus.FAILED: Status.FAILED,
    TaskStatus.CANCELLED: Status.FAILED,
}


def strategy_of(job: AutoMLJob) -> Strategy:
    """Return how the search of a job goes."""
    return Strategy(job.mode, job.spec.search.algorithms)


def on_all_rows(job: AutoMLJob) -> OnAllRows:
    """Return what learns from all rows while the search goes on. Transformers are handed out; where they have a container of
    their own, any model of their recipe is to take what they make."""
    return OnAllRows.RECIPES if job.mode is Mode.ENSEMBLING else OnAllRows.CANDIDATES


def request_of(
    job: AutoMLJob,
    times: Timetable,
    workers: int,
    most_cores: int = sys.maxsize,
    data_parallel: DataParallel = ONE_NODE,
) -> Request:
    """Return what a job is asked for.

    workers       that train
    most_cores    of one task
    """
    return Request(
        Schedule(
            started=job.began.timestamp(),
            search_end=times.search.timestamp(),
            packing=times.packing.timestamp(),
            deadline=times.ensemble.timestamp(),
        ),
        max_candidates=job.spec.limits.max_candidates,
        workers=workers,
        most_cores=most_cores,
        data_parallel=data_parallel,
        strategy=strategy_of(job),
        most_candidates=job.limits.max_candidates,
        max_candidate_s=job.limits.max_candidate_runtime_s,
        on_all_rows=on_all_rows(job),
        said_within_s=LATE.total_seconds(),
    )


def task_of(action: Action) -> NewTask:
    """Return the task that does an action."""
    return NewTask(_KINDS[type(action)], action.key, action_to_json(action))


def action_of(task: Task | NewTask) -> Action:
    """Return what a task does; tasks of earlier versions do not name it.

    raises    LookupError, TypeError if it is no action
    """
    told = task.payload
    if "action" in told:
        return action_from_json(told, TYPES)
    if task.kind is TaskKind.TRAIN:
        return TrainCandidate(Plan(**told["plan"]), told.get("rival"))
    if task.kind is TaskKind.ENSEMBLE:
        return BuildEnsemble(told["index"], tuple(told["members"]))
    if task.kind is TaskKind.BASELINE:
        return TrainBaseline(baseline_plan(told["index"], 0))
    return FitFeatures(told["recipe"], _EVERY_FOLD)


def index_of(task: Task | NewTask) -> int | None:
    """Return the index of the candidate that a task makes; None if it makes none."""
    if task.kind not in (TaskKind.TRAIN, TaskKind.ENSEMBLE, TaskKind.BASELINE):
        return None
    index: int = task.payload.get("plan", task.payload)["index"]
    return index


def given_up(task: Task) -> Note | None:
    """Return why the training of a candidate was ended early, because it was clearly worse than another; None if it was not.
    It is asked of all candidates of a job whenever one of its tasks ends, while nobody else may write to the store: what it
    happened because of, which a task may have left, is not looked at.

    raises    LookupError, TypeError or ValueError if the task left no note there
    """
    told = (task.result or {}).get("outclassed")
    if not told:
        return None
    return read_untrusted_note(
        told[:_LONGEST_REASON] if isinstance(told, str) else {**told, "because": None}
    )


def words_of(task: Task, said: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is kept of what a task says while it runs: on how many folds a candidate is scored. None if that is
    nothing; the task may be anybody's by now."""
    n_folds = said.get("n_folds")
    if task.kind is not TaskKind.TRAIN or type(n_folds) is not int:
        return None
    return {"n_folds": n_folds} if 1 <= n_folds <= _EVERY_FOLD else None


def folds_said(task: Task) -> int | None:
    """Return on how many folds a candidate has said that it is scored, while it was trained; None if it has not."""
    words = words_of(task, task.said or task.result or {})
    return None if words is None else words["n_folds"]


def history_of(
    tasks: Iterable[Task], candidates: Iterable[Candidate], late: Collection[int]
) -> History:
    """Return what has happened in a job.

    tasks         oldest first
    candidates    those that were given up count as failed, whatever became of their tasks
    late          ids of running tasks whose end is not waited for any more
    """
    ended = {c.index: c for c in candidates if c.status in GIVEN_UP}
    steps = [
        _step(task, is_over=task.id in late or index_of(task) in ended)
        for task in tasks
        if task.kind in ACTIONS or task.kind is TaskKind.ANALYZE
    ]
    begun = {step.action.plan.index for step in steps if isinstance(step.action, TrainCandidate)}
    others = (_never_begun(c) for c in ended.values() if c.index not in begun and c.recipe)
    return History((*steps, *others))


def _step(task: Task, *, is_over: bool) -> Step[Action]:
    worse = given_up(task)
    is_failed = is_over or worse is not None
    status = Status.FAILED if is_failed else STATUS[task.status]
    is_analysis = task.kind is TaskKind.ANALYZE
    has_result = status is Status.DONE and not is_analysis
    return Step(
        Analyse() if is_analysis else action_of(task),
        status,
        began=_timestamp(task.started or task.created),
        ended=_timestamp(task.ended),
        n_folds=folds_said(task),
        result=_brought(task) if has_result else Result(),
        failure=worse or task.failure,
    )


def _brought(task: Task) -> Result:
    """Return what a task brought but the notes of its candidate, which decide nothing: its record has them. They are read by
    whoever has time, not for every candidate whenever a task ends."""
    result = task.result or {}
    if outcome := result.get("outcome"):
        result = {**result, "outcome": {**outcome, "notes": ()}}
    return result_from_json(result)


def _never_begun(candidate: Candidate) -> Step[Action]:
    c = candidate
    plan = Plan(c.index, c.recipe, c.algorithm, c.hyperparameters, c.seed or 0, n_rows=c.n_rows)
    at = _timestamp(candidate.ended)
    failed = Status.FAILED
    return Step(TrainCandidate(plan), failed, began=at, ended=at, failure=c.failure)


def _timestamp(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()
