"""A forecasting job in the store as its workflow (windvane/automl/forecasting/workflow.py) sees it: its request, its history, its
actions as tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from windvane.automl.documents import action_from_json, action_to_json
from windvane.automl.forecasting.actions import (
    FORECAST_TYPES,
    Backtest,
    Combine,
    ForecastAction,
    ForecastHistory,
    ForecastResult,
    ForecastStep,
    PackForecaster,
    Prepare,
    RefitModel,
)
from windvane.automl.forecasting.documents import result_from_json
from windvane.automl.forecasting.request import ForecastRequest, request_for
from windvane.automl.request import Schedule
from windvane.automl.steps import Status
from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob
from windvane.domain.task import NewTask, Task, TaskKind
from windvane.domain.timing import Timetable
from windvane.work.jobs.forecast_records import ENSEMBLE
from windvane.work.jobs.workflow import ACTIONS, GIVEN_UP, STATUS, index_of

_KINDS: dict[type[ForecastAction], TaskKind] = {
    Backtest: TaskKind.TRAIN,
    Combine: TaskKind.ENSEMBLE,
    RefitModel: TaskKind.REFIT,
    PackForecaster: TaskKind.PACK,
}


def request_of(job: AutoMLJob, times: Timetable, workers: int) -> ForecastRequest:
    """Return what a job is asked for.

    workers    that train
    """
    schedule = Schedule(
        started=job.began.timestamp(),
        search_end=times.search.timestamp(),
        packing=times.packing.timestamp(),
        deadline=times.ensemble.timestamp(),
    )
    return request_for(
        job.spec.forecast.objective,
        schedule,
        workers,
        algorithms=job.spec.search.algorithms,
        max_candidates=job.limits.max_candidates,
        max_candidate_s=job.limits.max_candidate_runtime_s,
    )


def with_search_end(times: Timetable, request: ForecastRequest) -> Timetable:
    """Return the times of a job whose search ends earlier than that of a table: what is left is for its refits."""
    end = datetime.fromtimestamp(request.schedule.search_end, times.search.tzinfo)
    return replace(times, search=end, last_start=end)


def task_of(action: ForecastAction, index: int | None) -> NewTask:
    """Return the task that does an action.

    index    of the candidate that it makes, or packs; None if there is none
    """
    kind = _KINDS[type(action)]
    if isinstance(action, Backtest) and action.is_last_resort:
        kind = TaskKind.BASELINE
    about = {} if index is None else {"index": index}
    return NewTask(kind, action.key, {**action_to_json(action), **about})


def action_of(task: Task | NewTask) -> ForecastAction:
    """Return what a task does.

    raises    LookupError, TypeError if it is no action
    """
    if task.kind is TaskKind.ANALYZE:
        return Prepare()
    return action_from_json(task.payload, FORECAST_TYPES)


def made_by(task: Task) -> str:
    """Return what a task makes a candidate of: the name of a model, or ENSEMBLE.

    raises    LookupError, TypeError if it does not make one
    """
    action = action_of(task)
    return action.model if isinstance(action, Backtest) else ENSEMBLE


def history_of(
    tasks: Iterable[Task], candidates: Iterable[Candidate], late: Collection[int]
) -> ForecastHistory:
    """Return what has happened in a job.

    tasks         oldest first
    candidates    those that were given up count as failed, whatever became of their tasks
    late          ids of running tasks whose end is not waited for any more
    """
    ended = {one.index for one in candidates if one.status in GIVEN_UP}
    return ForecastHistory(
        tuple(
            _step(task, is_over=task.id in late or index_of(task) in ended)
            for task in tasks
            if task.kind in ACTIONS or task.kind is TaskKind.ANALYZE
        )
    )


def _step(task: Task, *, is_over: bool) -> ForecastStep:
    status = Status.FAILED if is_over else STATUS[task.status]
    is_done = status is Status.DONE
    return ForecastStep(
        action_of(task),
        status,
        began=(task.started or task.created).timestamp(),
        ended=0.0 if task.ended is None else task.ended.timestamp(),
        result=result_from_json(task.result or {}) if is_done else ForecastResult(),
        failure=task.failure,
    )
