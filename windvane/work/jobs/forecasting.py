"""What a forecasting job does between reading its data and its end: whatever its workflow (windvane/automl/forecasting) decides.

Pure, as all of work/jobs/flow.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from windvane.automl import names
from windvane.automl.forecasting.actions import (
    Backtest,
    Combine,
    ForecastAction,
    ForecastHistory,
    ForecastStep,
    PackForecaster,
)
from windvane.automl.forecasting.request import ForecastRequest
from windvane.automl.forecasting.task import forecast_task
from windvane.automl.forecasting.workflow import best_model, decide, models_to_try
from windvane.automl.steps import Status
from windvane.automl.task import ActionTask
from windvane.automl.workflow import NoModel, Phase
from windvane.domain import timing
from windvane.domain.candidate import CandidateStatus
from windvane.domain.job import EndOfSearch
from windvane.domain.task import Task
from windvane.domain.timing import LATE, Timetable, timetable
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.work.jobs import forecast_records, trials
from windvane.work.jobs.deadlines import late_tasks, room, without_late
from windvane.work.jobs.ends import Passed, showing
from windvane.work.jobs.forecast_workflow import (
    action_of,
    history_of,
    request_of,
    task_of,
    with_search_end,
)
from windvane.work.jobs.packing import NO_TIME, with_note_why_unpacked, without_packing
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import ACTIONS


def forecast(state: JobState, now: datetime) -> Passed:
    """Begin what the workflow wants begun; and whether the model is made, or there will be no better one.

    raises    NoModel
    """
    if state.is_made:
        return with_note_why_unpacked(state), True
    request, times = _request(state)
    state = without_late(state, times, now)
    past = _history(state, times, now)
    decision = decide(request, past, now.timestamp(), room(state, times, now))
    if decision.phase is not Phase.SEARCH and state.job.search_ended is None:
        job = replace(state.job, search_ended=_why_ended(state, request, past))
        state = replace(state, job=job)
    for action in decision.begin:
        if isinstance(action, PackForecaster):
            _check_model(past)
            if now >= times.reported:
                return without_packing(state, NO_TIME), True
        state = _with_begun(state, action, request, past, now)
    is_done = decision.phase is Phase.DONE
    if is_done:
        return with_note_why_unpacked(state), True
    return showing(state, trials.search_shows(state)), False


def action_task(state: JobState, task: Task, now: datetime, memory_mb: int) -> ActionTask:
    """Return what a task of a job that begins now reads and writes, and its limits. A backtest also reads the outcome of the best
    model so far: that says whether it is worth publishing.

    raises    LookupError, TypeError if it is no action
    """
    request, times = _request(state)
    past, action = _history(state, times, now), action_of(task)
    made = forecast_task(action, request, past, now.timestamp(), memory_mb, memory_mb)
    best = best_model(request, past)
    if not isinstance(action, Backtest) or best is None:
        return made
    return replace(made, reads=(*made.reads, names.judged(best)[0]))


def history(state: JobState, now: datetime) -> ForecastHistory:
    """Return what has happened in a job."""
    _, times = _request(state)
    return _history(state, times, now)


def next_change(state: JobState, now: datetime) -> datetime:
    """Return when time alone will next make something due: as of any job, and when its search is over."""
    _, times = _request(state)
    points = (times.search, times.search + LATE)
    due = timing.next_change(state.job, state.up_since, now)
    return min([due, *(point for point in points if point > now)])


def best_index(state: JobState, now: datetime) -> int | None:
    """Return the index of the best candidate that has finished; None if none has. It is the average of the models once that is
    made: it answers, whatever the scores of single models are."""
    if not state.candidates:
        return None
    request, times = _request(state)
    return _best_index(state, request, _history(state, times, now))


def _best_index(state: JobState, request: ForecastRequest, past: ForecastHistory) -> int | None:
    found = best_model(request, past)
    name = forecast_records.ENSEMBLE if past.done(Combine) else found
    finished = state.having(CandidateStatus.COMPLETED)
    return next((one.index for one in finished if one.algorithm == name), None)


def _request(state: JobState) -> tuple[ForecastRequest, Timetable]:
    times = timetable(state.job, state.up_since)
    request = request_of(state.job, times, state.workers)
    return request, with_search_end(times, request)


def _history(state: JobState, times: Timetable, now: datetime) -> ForecastHistory:
    late = frozenset(task.id for task in late_tasks(state, times, now))
    found = history_of(state.tasks, state.candidates, late)
    for task in state.queued:
        if task.kind in ACTIONS:
            waiting = ForecastStep(action_of(task), Status.WAITING, began=now.timestamp())
            found = found.with_step(waiting)
    return found


def _check_model(past: ForecastHistory) -> None:
    """Check that there is something to pack.

    raises    NoModel
    """
    if not past.outcomes:
        step = past.step(Backtest("", is_last_resort=True).key)
        raise NoModel(Note(NoteCode.NO_MODEL, because=None if step is None else step.failure))


def _with_begun(
    state: JobState,
    action: ForecastAction,
    request: ForecastRequest,
    past: ForecastHistory,
    now: datetime,
) -> JobState:
    """Return the state with an action queued; a model that is backtested is a candidate from then on."""
    following = 1 + max((one.index for one in state.candidates), default=0)
    if isinstance(action, PackForecaster):
        return state.with_task(task_of(action, _best_index(state, request, past)))
    if not isinstance(action, Backtest | Combine):
        return state.with_task(task_of(action, None))
    state = state.with_task(task_of(action, following))
    if not isinstance(action, Backtest) or action.is_last_resort:
        return state
    begun = forecast_records.begun(state.job, following, action.model, now)
    return state.with_candidate(begun)


def _why_ended(state: JobState, request: ForecastRequest, past: ForecastHistory) -> EndOfSearch:
    wanted = models_to_try(request, past)
    ended = (*state.having(CandidateStatus.COMPLETED), *state.having(CandidateStatus.FAILED))
    if not {one.algorithm for one in ended}.issuperset(wanted):
        return EndOfSearch.RUNTIME
    is_cut = len(wanted) < sum(name in past.suited for name in request.models)
    return EndOfSearch.CANDIDATES if is_cut else EndOfSearch.EXHAUSTED
