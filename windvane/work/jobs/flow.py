"""The way of a job: read this first.

`advance` says what is to be true of a job next, given what is true now. It is pure and level-triggered: it may
be asked at any time and any number of times, after a task's end, after a crash, or because time has passed.
Phases are tried in order; one that is not over yet ends the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from windvane.automl.workflow import NoModel
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import AutoMLJob, EndOfSearch, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName, ProblemType
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.domain.timing import LATE, Timetable, timetable, with_wait_given_back
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.titles import candidate_title
from windvane.work.jobs import (
    background,
    forecast_records,
    forecasting,
    learning,
    records,
    steprecords,
    trials,
)
from windvane.work.jobs.ends import Passed, ended, fail_if_late, failed, showing
from windvane.work.jobs.forecast_workflow import made_by
from windvane.work.jobs.partial_failures import MAX_PARTIAL_FAILURES, with_partial_failure
from windvane.work.jobs.state import JobState
from windvane.work.jobs.workflow import given_up, index_of


def advance(state: JobState, now: datetime) -> JobState:
    """Return the state that is to be; the same state if nothing is to change."""
    for phase in _FORECAST_PHASES if state.job.is_forecast else _PHASES:
        state, is_over = phase(state, now)
        if not is_over:
            break
    return state


def deployment_failed(state: JobState, why: Note | None, now: datetime) -> JobState:
    """The job ends with its model, and says why the endpoint is missing."""
    told = Note(NoteCode.NOT_DEPLOYED, {"endpoint": state.job.endpoint_name}, why)
    return ended(
        with_partial_failure(state, told, at_most=MAX_PARTIAL_FAILURES - 1),
        JobStatus.COMPLETED,
        SecondaryStatus.MODEL_DEPLOYMENT_ERROR,
        now,
    )


def broken(state: JobState, why: Note, now: datetime) -> JobState:
    """Return the state of a job that cannot go on for a reason that is ours."""
    return failed(state, why, now)


def _end_if_over(state: JobState, now: datetime) -> Passed:
    """Return a job that has ended does nothing more."""
    if not state.job.status.is_final:
        return state, True
    return state.without_ready(frozenset(TaskKind), now), False


def _take_in(state: JobState, now: datetime) -> Passed:
    """What tasks brought becomes candidates; the best of them is known at any time."""
    state = background.taken_in(state)
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        task = state.training(candidate.index)
        if task is not None and not task.status.is_open:
            state = _candidate_ended(state, candidate, task)
    if state.job.secondary is SecondaryStatus.DEPLOYING_MODEL:
        return state, True
    for kind, algorithm in _UNPLANNED.items():
        for task in state.of(kind):
            state = _unplanned_ended(state, task, algorithm, now)
    for task in state.of(TaskKind.PACK):
        state = _packed(state, task)
    return _with_best(state, now), True


def _stop(state: JobState, now: datetime) -> Passed:
    """Return a job that is to stop waits for what runs, keeps its best candidate, and tries nothing more."""
    if state.job.status is not JobStatus.STOPPING:
        return state, True
    state = trials.without_waiting(state, frozenset(TaskKind), now)
    if any(task.status is TaskStatus.RUNNING for task in state.tasks):
        return state, False
    return ended(state, JobStatus.STOPPED, SecondaryStatus.STOPPED, now), False


def _analyse(state: JobState, now: datetime) -> Passed:
    """The data are read and checked; what they say about the problem is taken over."""
    tasks = state.of(TaskKind.ANALYZE)
    if not tasks:
        return state.with_task(NewTask(TaskKind.ANALYZE, "analyze")), False
    task = tasks[0]
    if task.status is TaskStatus.RUNNING:
        is_first = state.job.secondary is not SecondaryStatus.ANALYZING_DATA
        if is_first and task.started is not None:
            state = replace(state, job=with_wait_given_back(state.job, task.started))
        return showing(state, SecondaryStatus.ANALYZING_DATA), False
    if task.status is TaskStatus.READY:
        return fail_if_late(state, now)
    if task.status is not TaskStatus.DONE or task.result is None:
        return failed(state, task.failure or Note(NoteCode.ANALYSIS_CANCELLED), now), False
    job = replace(state.job, analysis_s=_seconds(task))
    return replace(state, job=job if job.is_forecast else _with_problem(job, task.result)), True


def _with_problem(job: AutoMLJob, found: Mapping[str, Any]) -> AutoMLJob:
    """Return a job on a table with what the analysis found of its problem."""
    return replace(
        job,
        problem_type=ProblemType(found["problem_type"]),
        objective=MetricName(found["objective"]),
        resolved_mode=job.resolved(found.get("n_bytes", 0)),
    )


def _seconds(task: Task) -> float | None:
    """Return how long a task took; None if it is not known. A clock that was set back meanwhile makes it none, not
    less."""
    if task.started is None or task.ended is None:
        return None
    return max(0.0, (task.ended - task.started).total_seconds())


def _define(state: JobState, now: datetime) -> Passed:
    """Return a job that is to generate definitions only has done so, or has failed."""
    if not state.job.definitions_only:
        return state, True
    state = background.explored(state)
    if background.goes_on(state, now):
        return state, False
    if not state.job.definitions:
        return failed(state, _why_undefined(state), now), False
    done = SecondaryStatus.CANDIDATE_DEFINITIONS_GENERATED
    return ended(state, JobStatus.COMPLETED, done, now), False


_WHY_UNDEFINED = (NoteCode.DEFINITIONS_MISSING, NoteCode.NOTEBOOKS_MISSING)


def _why_undefined(state: JobState) -> Note:
    """Return the partial failure that it is because of, if there is one."""
    known = sorted(state.job.partial_failures, key=lambda one: one.code not in _WHY_UNDEFINED)
    late = Note(NoteCode.NOT_ENOUGH_TIME, {"limit_s": state.job.limits.max_runtime_s})
    return Note(NoteCode.NO_DEFINITIONS, because=known[0] if known else late)


def _learn(state: JobState, now: datetime) -> Passed:
    """Candidates are trained and combined, and the best is trained on all rows."""
    try:
        state, is_over = learning.learn(state, now)
        return (_told_of_baseline(state) if is_over else state), is_over
    except NoModel:
        failures = (task.failure for task in state.of(TaskKind.BASELINE) if task.failure)
        return failed(state, Note(NoteCode.NO_MODEL, because=next(failures, None)), now), False


def _told_of_baseline(state: JobState) -> JobState:
    finished = {one.algorithm for one in state.having(CandidateStatus.COMPLETED)}
    if finished != {records.BASELINE}:
        return state
    only = Note(NoteCode.BASELINE_ONLY)
    return with_partial_failure(state, only, at_most=MAX_PARTIAL_FAILURES - 1)


def _forecast(state: JobState, now: datetime) -> Passed:
    """Models are backtested and weighed, and those that answer learn from all values."""
    try:
        state, is_over = forecasting.forecast(state, now)
    except NoModel as lost:
        return failed(state, lost.note, now), False
    if now < timetable(state.job, state.up_since).search:
        state = background.series_explored(state)
    return state, is_over


def _explain(state: JobState, now: datetime) -> Passed:
    """The best candidate is explained, while how good it is is found out."""
    return _reported(_begun(state, now, _INSIGHTS), now, _EXPLANATION)


def _judge(state: JobState, now: datetime) -> Passed:
    """How good the best candidate is stands in a report."""
    return _reported(state, now, _INSIGHTS)


def _retain(state: JobState, now: datetime) -> Passed:
    """Models that are not to be kept go: first out of the candidates, then out of S3. All else of them stays."""
    tasks = state.of(TaskKind.RETAIN)
    if not tasks:
        spare = trials.spare(state)
        if not spare:
            return state, True
        objects = [str(steprecords.model_location(state.job, candidate)) for candidate in spare]
        for candidate in spare:
            state = state.with_candidate(replace(candidate, containers=()))
        return state.with_task(NewTask(TaskKind.RETAIN, "retain", {"objects": objects})), False
    if tasks[0].status.is_open and now < timetable(state.job, state.up_since).finish:
        return state, False
    if tasks[0].status is TaskStatus.FAILED:
        told = Note(NoteCode.MODELS_NOT_DELETED, because=tasks[0].failure)
        state = with_partial_failure(state, told)
    return state.without_ready(frozenset({TaskKind.RETAIN}), now), True


def _deploy(state: JobState, now: datetime) -> Passed:
    """The best candidate answers at the endpoint the job was given."""
    job, endpoint = state.job, state.endpoint
    if not job.endpoint_name or job.deployed:
        return state, True
    if job.secondary is not SecondaryStatus.DEPLOYING_MODEL:
        return replace(showing(state, SecondaryStatus.DEPLOYING_MODEL), deploys=True), False
    if endpoint is None:
        return deployment_failed(state, Note(NoteCode.ENDPOINT_DELETED), now), False
    if endpoint.status is EndpointStatus.IN_SERVICE:
        return replace(state, job=replace(job, deployed=True)), True
    if endpoint.status is EndpointStatus.FAILED:
        return deployment_failed(state, endpoint.failure, now), False
    if now >= timetable(job, state.up_since).finish:
        late = Note(NoteCode.ENDPOINT_LATE, {"limit_s": job.limits.max_runtime_s})
        return deployment_failed(state, late, now), False
    return state, False


def _complete(state: JobState, now: datetime) -> Passed:
    """Everything is done; a report that is missing is what the job's end shows."""
    if background.goes_on(state, now):
        return state, False
    why = state.job.search_ended or EndOfSearch.EXHAUSTED
    missing = [one.missing for one in (_EXPLANATION, _INSIGHTS) if not one.is_there(state)]
    secondary = next(iter(missing), SecondaryStatus(why.value))
    return ended(state, JobStatus.COMPLETED, secondary, now), False


_PHASES: tuple[Callable[[JobState, datetime], Passed], ...] = (
    _end_if_over,
    _take_in,
    _stop,
    _analyse,
    _define,
    _learn,
    _explain,
    _judge,
    _retain,
    _deploy,
    _complete,
)

_FORECAST_PHASES: tuple[Callable[[JobState, datetime], Passed], ...] = (
    _end_if_over,
    _take_in,
    _stop,
    _analyse,
    _forecast,
    _explain,
    _judge,
    _retain,
    _deploy,
    _complete,
)

_UNPLANNED = {TaskKind.ENSEMBLE: records.ENSEMBLE, TaskKind.BASELINE: records.BASELINE}
_UNPLANNED_FAILED = {
    TaskKind.ENSEMBLE: NoteCode.ENSEMBLE_FAILED,
    TaskKind.BASELINE: NoteCode.BASELINE_FAILED,
}


# reports of the best candidate


@dataclass(frozen=True)
class _Report:
    """A report on the best candidate: when it is made, and what its absence is called.

    note     that it is missing
    field    of the candidate: where the report is
    shows    while it is made;  missing  at the job's end, if it is not there
    ends     when it must be there
    """

    kind: TaskKind
    note: NoteCode
    field: str
    shows: SecondaryStatus
    missing: SecondaryStatus
    ends: Callable[[Timetable], datetime]

    def is_there(self, state: JobState) -> bool:
        return state.best is not None and bool(getattr(state.best, self.field))


_EXPLANATION = _Report(
    TaskKind.EXPLAIN,
    NoteCode.EXPLAINABILITY_MISSING,
    "explainability",
    SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT,
    SecondaryStatus.EXPLAINABILITY_ERROR,
    lambda times: times.reported,
)
_INSIGHTS = _Report(
    TaskKind.INSIGHTS,
    NoteCode.INSIGHTS_MISSING,
    "model_insights",
    SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT,
    SecondaryStatus.MODEL_INSIGHTS_ERROR,
    lambda times: times.reported,
)


def _begun(state: JobState, now: datetime, report: _Report) -> JobState:
    """Return the state with the task of a report; as it is if it has one, is not to have one, or it is too late."""
    best, is_deployed = state.best, state.job.secondary is SecondaryStatus.DEPLOYING_MODEL
    ends = report.ends(timetable(state.job, state.up_since))
    if best is None or is_deployed or state.of(report.kind) or now >= ends:
        return state
    payload = {"index": best.index, "title": candidate_title(best.algorithm, best.index)}
    if state.job.is_forecast:
        payload |= forecast_records.judged_with(best, state.having(CandidateStatus.COMPLETED))
    return state.with_task(NewTask(report.kind, report.kind, payload))


def _reported(state: JobState, now: datetime, report: _Report) -> Passed:
    best, tasks = state.best, state.of(report.kind)
    if best is None or state.job.secondary is SecondaryStatus.DEPLOYING_MODEL:
        return state, True
    ends = report.ends(timetable(state.job, state.up_since))
    begun = _begun(state, now, report)
    if begun is not state:
        return showing(begun, report.shows), False
    if tasks and tasks[0].status.is_open and now < ends + LATE:
        return showing(state, report.shows), False
    state = state.without_ready(frozenset({report.kind}), now)
    result = tasks[0].result if tasks else None
    if result is None:
        late = Note(NoteCode.NO_TIME, {"analysis_s": state.job.analysis_s})
        why = (tasks[0].failure if tasks else None) or late
        missing = Note(report.note, because=why)
        return with_partial_failure(state, missing, at_most=MAX_PARTIAL_FAILURES - 1), True
    reported = state.candidate(tasks[0].payload["index"])
    if reported is None:
        return state, True
    return state.with_candidate(replace(reported, **{report.field: result["prefix"]})), True


# what tasks brought


def _candidate_ended(state: JobState, candidate: Candidate, task: Task) -> JobState:
    if given_up(task):
        return trials.stopped(state, candidate, task.ended)
    if task.status is TaskStatus.DONE and task.result is not None:
        return state.with_candidate(_completed(state, candidate, task.result, task.ended))
    if task.status is TaskStatus.CANCELLED:
        return trials.stopped(state, candidate, task.ended)
    record = records.ended(candidate, CandidateStatus.FAILED, task.ended, task.failure)
    facts = {
        "index": candidate.index,
        "candidate": candidate.name,
        "algorithm": candidate.algorithm,
    }
    told = Note(NoteCode.CANDIDATE_FAILED, facts, task.failure)
    return with_partial_failure(state.with_candidate(record), told)


def _unplanned_ended(state: JobState, task: Task, algorithm: str, now: datetime) -> JobState:
    """An ensemble or a baseline becomes a candidate once it is there."""
    index = index_of(task)
    result = task.result or {}
    if task.status is TaskStatus.FAILED:
        return with_partial_failure(state, Note(_UNPLANNED_FAILED[task.kind], because=task.failure))
    if index is None or not result.get("outcome") or state.candidate(index) is not None:
        return state
    begun = (
        forecast_records.begun(state.job, index, made_by(task), task.created)
        if state.job.is_forecast
        else records.unplanned(state.job, index, algorithm, task.key, task.created)
    )
    state = state.with_candidate(_completed(state, begun, result, task.ended or now))
    if task.kind is not TaskKind.BASELINE or not state.job.is_forecast:
        return state
    only = Note(NoteCode.FLOOR_ONLY)
    return with_partial_failure(state, only, at_most=MAX_PARTIAL_FAILURES - 1)


def _packed(state: JobState, task: Task) -> JobState:
    """The best candidate answers with what it learnt from all rows."""
    candidate, result = state.candidate(task.payload["index"]), task.result
    if candidate is None or result is None:
        return state
    if state.job.is_forecast:
        return state.with_candidate(forecast_records.packed(state.job, candidate, result))
    return state.with_candidate(records.completed(state.job, candidate, result, candidate.ended))


def _completed(
    state: JobState, candidate: Candidate, result: dict[str, Any], at: datetime | None
) -> Candidate:
    """Return a candidate with what its task brought."""
    if state.job.is_forecast:
        return forecast_records.completed(state.job, candidate, state.candidates, result, at)
    return records.completed(state.job, candidate, result, at)


def _with_best(state: JobState, now: datetime) -> JobState:
    kind = forecasting if state.job.is_forecast else learning
    index = kind.best_index(state, now)
    best = None if index is None else state.candidate(index)
    if best is None or best.status is not CandidateStatus.COMPLETED:
        return state
    return replace(state, job=replace(state.job, best_candidate=best.name))
