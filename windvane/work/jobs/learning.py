"""What a job does between the analysis of its data and its reports: whatever the workflow (windvane/automl) decides.

Pure, as all of work/jobs/flow.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from windvane.automl.actions import Action, FirstLook, Pack, TrainCandidate
from windvane.automl.history import FIRST, History
from windvane.automl.leaderboard import ranked
from windvane.automl.search import CannotBegin, has_all_candidates
from windvane.automl.situation import Situation
from windvane.automl.workflow import Phase, decide
from windvane.domain.candidate import CandidateStatus
from windvane.domain.job import EndOfSearch, JobStatus
from windvane.domain.task import TaskKind, TaskStatus
from windvane.domain.timing import timetable
from windvane.engine.tuning.pacing import is_in_vain
from windvane.work.jobs import background, records, trials
from windvane.work.jobs.deadlines import late_tasks, room, without_late
from windvane.work.jobs.finished import Finished, best_candidates
from windvane.work.jobs.packing import NO_TIME, with_note_why_unpacked, without_packing
from windvane.work.jobs.partial_failures import with_partial_failure
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import (
    ACTIONS,
    MADE_BY,
    action_of,
    folds_said,
    given_up,
    history_of,
    index_of,
    request_of,
    task_of,
)


def learn(state: JobState, now: datetime) -> tuple[JobState, bool]:
    """Begin what the workflow wants begun; and whether the model is made, or there will be no better one. Without the
    analysis what is late is given up, and nothing is begun.

    raises    NoModel
    """
    if state.is_made:
        return with_note_why_unpacked(state), True
    times = timetable(state.job, state.up_since)
    if state.job.search_ended is None:
        state = background.transformed(background.explored(state))
    state = without_late(state, times, now)
    if state.analysis is None:
        return state, False
    at = situation(state, now)
    decision = decide(at.request, at.analysis, at.history, at.now, room(state, times, now))
    if decision.phase is not Phase.SEARCH and state.job.search_ended is None:
        job = replace(state.job, search_ended=_why_ended(state, at))
        state = replace(state, job=job)
    for failed in decision.failed:
        state = _with_failed(state, failed, now)
    for action in decision.begin:
        if isinstance(action, Pack) and now >= times.reported:
            return without_packing(state, NO_TIME), True
        state = _with_begun(state, action, now)
    if decision.failed:
        return learn(state, now)  # without them the answer is another
    is_done = decision.phase is Phase.DONE
    return state if is_done else _showing(state), is_done


def is_idle(state: JobState) -> bool:
    """Return whether the workflow is to be asked, because nothing that it asked for is under way."""
    is_going_on = state.is_learning and state.job.status is JobStatus.IN_PROGRESS
    return is_going_on and not any(
        task.status.is_open and task.kind in ACTIONS for task in state.tasks
    )


def waits_for_fold_count(state: JobState) -> bool:
    """Return whether others may wait for what the first candidate, which is under way, says of its folds: time alone may end
    that."""
    first = state.training(FIRST)
    is_silent = first is not None and first.status is TaskStatus.RUNNING and not folds_said(first)
    return state.needs_analysis and is_silent


def situation(state: JobState, now: datetime) -> Situation:
    """Return a job as the workflow sees it; its analysis must be known."""
    if state.analysis is None:
        raise AssertionError(f"The analysis of {state.job.name} is not at hand.")
    times = timetable(state.job, state.up_since)
    request = request_of(state.job, times, state.workers, state.most_cores, state.data_parallel)
    return Situation(request, state.analysis, history(state, now), now.timestamp())


def history(state: JobState, now: datetime) -> History:
    """Return what has happened in a job."""
    late = frozenset(
        task.id for task in late_tasks(state, timetable(state.job, state.up_since), now)
    )
    found = history_of(state.tasks, state.candidates, late)
    for task in state.queued:
        if task.kind in ACTIONS:
            found = found.with_asked(action_of(task), now.timestamp())
    return found


def finished(state: JobState, now: datetime) -> Finished:
    """Return what a task of a job that begins now finds done."""
    done = [task for task in state.tasks if task.status is TaskStatus.DONE]
    in_order = sorted(done, key=lambda task: (task.ended or task.created, task.id))
    objective = None if state.job.is_forecast else state.job.objective
    return Finished(
        tuple(task.attempt for task in in_order),
        () if objective is None else best_candidates(history(state, now), objective),
        any(task.kind is TaskKind.PACK for task in done),
    )


def best_index(state: JobState, now: datetime) -> int | None:
    """Return the index of the best candidate that has finished; None if none has."""
    packed = next((task for task in state.of(TaskKind.PACK) if task.result is not None), None)
    if packed is not None:
        index: int = packed.payload["index"]
        return index
    if state.job.objective is None:
        return None
    order = ranked(history(state, now).entries(), state.job.objective)
    return next((one.index for one in order if one.outcome is not None), None)


def _with_failed(state: JobState, failed: CannotBegin, now: datetime) -> JobState:
    """Return the state with a candidate that could not be begun."""
    candidate = records.begun(state.job, failed.action.plan, now)
    ended = records.ended(candidate, CandidateStatus.FAILED, now, failed.reason)
    return with_partial_failure(state.with_candidate(ended), failed.reason)


def _with_begun(state: JobState, action: Action, now: datetime) -> JobState:
    """Return the state with an action queued, before what is done beside the search; a candidate is one from then on."""
    task = task_of(action)
    if isinstance(action, Pack):
        made_by = next(one.key for one in state.tasks if index_of(one) == action.index)
        task = replace(task, payload={**task.payload, MADE_BY: made_by})
    state = state.with_task(task)
    actions_first = sorted(state.queued, key=lambda one: one.kind not in ACTIONS)
    state = replace(state, queued=tuple(actions_first))
    if not isinstance(action, FirstLook | TrainCandidate):
        return state
    return state.with_candidate(records.begun(state.job, action.plan, now))


def _why_ended(state: JobState, at: Situation) -> EndOfSearch:
    if is_in_vain(at.history.tried):
        return EndOfSearch.EXHAUSTED
    tasks = (state.training(one.index) for one in state.having(CandidateStatus.STOPPED))
    is_cut = any(task is None or not given_up(task) for task in tasks)
    is_all = has_all_candidates(at) and not is_cut
    return EndOfSearch.CANDIDATES if is_all else EndOfSearch.RUNTIME


def _showing(state: JobState) -> JobState:
    shown = trials.search_shows(state)
    return replace(state, job=replace(state.job, secondary=shown))
