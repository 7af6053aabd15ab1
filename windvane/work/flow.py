"""The way of a job: read this first.

`advance` says what is to be true of a job next, given what is true now. It is pure and level-triggered: it may
be asked at any time and any number of times, after a task's end, after a crash, or because time has passed.
Phases are tried in order; one that is not over yet ends the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import AutoMLJob, EndOfSearch, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName, Mode, ProblemType
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.engine import search
from windvane.engine.candidates import Plan
from windvane.engine.outcomes import outcome_from_json
from windvane.work import records
from windvane.work.containers import mode_of
from windvane.work.state import JobState, train_key
from windvane.work.timing import LATE, Timetable, timetable

_MAX_REASONS = 5
_MAX_TEXT = 1024
_MAX_MEMBERS = 40
_SMALLEST_ENSEMBLE = 2
_FEWEST_WITH_ENSEMBLE = 3

Passed = tuple[JobState, bool]
"""What is to be true, and whether the phase is over."""


def advance(state: JobState, now: datetime) -> JobState:
    """The state that is to be; the same state if nothing is to change."""
    for phase in _PHASES:
        state, is_over = phase(state, now)
        if not is_over:
            break
    return state


def deployment_failed(state: JobState, reason: str, now: datetime) -> JobState:
    """The job ends with its model, and says why the endpoint is missing."""
    told = f"The model could not be deployed to the endpoint {state.job.endpoint_name}: {reason}"
    return _ended(
        _with_reason(state, told, at_most=_MAX_REASONS - 1),
        JobStatus.COMPLETED,
        SecondaryStatus.MODEL_DEPLOYMENT_ERROR,
        now,
    )


def broken(state: JobState, reason: str, now: datetime) -> JobState:
    """The job cannot go on for a reason that is ours."""
    return _failed(state, reason, now)


def _end_if_over(state: JobState, now: datetime) -> Passed:
    """A job that has ended does nothing more."""
    if not state.job.status.is_final:
        return state, True
    return state.without_ready(frozenset(TaskKind), now), False


def _take_in(state: JobState, now: datetime) -> Passed:
    """What tasks brought becomes candidates; the best of them is known at any time."""
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        task = state.task(train_key(candidate.index))
        if task is not None and not task.status.is_open:
            state = _candidate_ended(state, candidate, task)
    if state.job.secondary is SecondaryStatus.DEPLOYING_MODEL:
        return state, True
    for kind, algorithm in _UNPLANNED.items():
        for task in state.of(kind):
            state = _unplanned_ended(state, task, algorithm, now)
    return _with_best(state), True


def _stop(state: JobState, now: datetime) -> Passed:
    """A job that is to stop waits for what runs, keeps its best candidate, and tries nothing more."""
    if state.job.status is not JobStatus.STOPPING:
        return state, True
    state = _without_waiting(state, frozenset(TaskKind), now)
    if any(task.status is TaskStatus.RUNNING for task in state.tasks):
        return state, False
    return _ended(state, JobStatus.STOPPED, SecondaryStatus.STOPPED, now), False


def _analyse(state: JobState, now: datetime) -> Passed:
    """The data are read and checked; what they say about the problem is taken over."""
    tasks = state.of(TaskKind.ANALYZE)
    if not tasks:
        return state.with_task(NewTask(TaskKind.ANALYZE, "analyze")), False
    task = tasks[0]
    if task.status is TaskStatus.RUNNING:
        return _showing(state, SecondaryStatus.ANALYZING_DATA), False
    if task.status is TaskStatus.READY:
        return _fail_if_late(state, now)
    if task.status is not TaskStatus.DONE or task.result is None:
        return _failed(state, task.error or "The analysis of the data was cancelled.", now), False
    job = replace(
        state.job,
        problem_type=ProblemType(task.result["problem_type"]),
        objective=MetricName(task.result["objective"]),
    )
    return replace(state, job=job), True


def _define(state: JobState, now: datetime) -> Passed:
    """A job that is to generate definitions only has done so."""
    if not state.job.definitions_only:
        return state, True
    done = SecondaryStatus.CANDIDATE_DEFINITIONS_GENERATED
    return _ended(state, JobStatus.COMPLETED, done, now), False


def _search(state: JobState, now: datetime) -> Passed:
    """Candidates are tried until there are enough or the time is over."""
    times = timetable(state.job, state.up_since)
    if state.job.search_ended is None:
        state = _end_search(state, times, now)
    if state.job.search_ended is None:
        state = _queue_features(state)
        state = _queue_candidates(state, now)
        state = _end_search(state, times, now)
        state = _showing(state, _search_shows(state))
    if now >= times.search + LATE:
        for candidate in state.having(CandidateStatus.IN_PROGRESS):
            state = _stopped(state, candidate, now)
    is_busy = bool(state.having(CandidateStatus.IN_PROGRESS))
    return state, state.job.search_ended is not None and not is_busy


def _combine(state: JobState, now: datetime) -> Passed:
    """The best candidates become an ensemble, if there is time; without it the best single one is kept."""
    times = timetable(state.job, state.up_since)
    tasks = state.of(TaskKind.ENSEMBLE)
    if not tasks:
        members = _members(state)
        too_late = now >= times.search + (times.ensemble - times.search) / 2
        if too_late or len(members) < _SMALLEST_ENSEMBLE or not _has_place_for_ensemble(state.job):
            return state, True
        payload = {"index": _next_index(state), "members": [c.index for c in members]}
        return state.with_task(NewTask(TaskKind.ENSEMBLE, "ensemble", payload)), False
    if tasks[0].status.is_open and now < times.ensemble + LATE:
        return state, False
    return state.without_ready(frozenset({TaskKind.ENSEMBLE}), now), True


def _fall_back(state: JobState, now: datetime) -> Passed:
    """A job of which no candidate finished gets a baseline, so that it ends with a model."""
    if state.best is not None:
        return state, True
    tasks = state.of(TaskKind.BASELINE)
    if not tasks:
        payload = {"index": _next_index(state)}
        return state.with_task(NewTask(TaskKind.BASELINE, "baseline", payload)), False
    task = tasks[0]
    if task.status.is_open and now < timetable(state.job, state.up_since).finish + LATE:
        return state, False
    why = task.error or "it did not finish either"
    return _failed(state, f"No candidate finished, and of the baseline: {why}", now), False


def _deploy(state: JobState, now: datetime) -> Passed:
    """The best candidate answers at the endpoint the job was given."""
    job, endpoint = state.job, state.endpoint
    if not job.endpoint_name or job.deployed:
        return state, True
    if job.secondary is not SecondaryStatus.DEPLOYING_MODEL:
        return replace(_showing(state, SecondaryStatus.DEPLOYING_MODEL), deploys=True), False
    if endpoint is None:
        return deployment_failed(state, "it was deleted before it was in service.", now), False
    if endpoint.status is EndpointStatus.IN_SERVICE:
        return replace(state, job=replace(job, deployed=True)), True
    if endpoint.status is EndpointStatus.FAILED:
        return deployment_failed(state, endpoint.failure_reason, now), False
    if now >= timetable(job, state.up_since).finish:
        reason = f"it was not in service when the job's time of {job.limits.max_runtime_s} s ended."
        return deployment_failed(state, reason, now), False
    return state, False


def _complete(state: JobState, now: datetime) -> Passed:
    """Everything is done."""
    why = state.job.search_ended or EndOfSearch.EXHAUSTED
    return _ended(state, JobStatus.COMPLETED, SecondaryStatus(why.value), now), False


_PHASES: tuple[Callable[[JobState, datetime], Passed], ...] = (
    _end_if_over,
    _take_in,
    _stop,
    _analyse,
    _define,
    _search,
    _combine,
    _fall_back,
    _deploy,
    _complete,
)

_UNPLANNED = {TaskKind.ENSEMBLE: records.ENSEMBLE, TaskKind.BASELINE: records.BASELINE}


# what tasks brought


def _candidate_ended(state: JobState, candidate: Candidate, task: Task) -> JobState:
    if task.status is TaskStatus.DONE and task.result is not None:
        done = records.completed(state.job, candidate, task.result, task.ended)
        return state.with_candidate(done)
    if task.status is TaskStatus.CANCELLED:
        return _stopped(state, candidate, task.ended)
    failed = records.ended(candidate, CandidateStatus.FAILED, task.ended, task.error)
    told = f"Candidate {candidate.name} ({candidate.algorithm}): {task.error}"
    return _with_reason(state.with_candidate(failed), told)


def _stopped(state: JobState, candidate: Candidate, at: datetime | None) -> JobState:
    reason = "It was stopped before it was done, because the search ended."
    return state.with_candidate(records.ended(candidate, CandidateStatus.STOPPED, at, reason))


def _unplanned_ended(state: JobState, task: Task, algorithm: str, now: datetime) -> JobState:
    """An ensemble or a baseline becomes a candidate once it is there."""
    index = task.payload["index"]
    result = task.result or {}
    if task.status is TaskStatus.FAILED:
        return _with_reason(state, f"The {algorithm}: {task.error}")
    if not result.get("outcome") or state.candidate(index) is not None:
        return state
    begun = records.unplanned(state.job, index, algorithm, task.created)
    state = state.with_candidate(records.completed(state.job, begun, result, task.ended or now))
    if task.kind is not TaskKind.BASELINE:
        return state
    told = "No candidate finished; the model is a baseline that always predicts the same."
    return _with_reason(state, told, at_most=_MAX_REASONS - 1)


def _with_best(state: JobState) -> JobState:
    objective = state.job.objective
    finished = state.having(CandidateStatus.COMPLETED)
    if not finished or objective is None:
        return state
    sign = 1.0 if objective.is_minimized else -1.0
    best = min(finished, key=lambda c: (sign * (c.score or 0.0), c.latency_s or 0.0, c.index))
    return replace(state, job=replace(state.job, best_candidate=best.name))


# the search


def _max_pipelines(job: AutoMLJob) -> int:
    """How many candidates the search may propose; the ensemble has a place of its own among all."""
    return job.limits.max_candidates - (1 if _has_place_for_ensemble(job) else 0)


def _has_place_for_ensemble(job: AutoMLJob) -> bool:
    is_wanted = mode_of(job) is not Mode.TUNING
    return is_wanted and job.limits.max_candidates >= _FEWEST_WITH_ENSEMBLE


def _queue_features(state: JobState) -> JobState:
    if state.analysis is None:
        return state
    for recipe in search.recipes_for(state.analysis):
        state = state.with_task(_features_task(recipe))
    return state


def _queue_candidates(state: JobState, now: datetime) -> JobState:
    """Keep every training worker busy and one candidate waiting."""
    while (index := _free_index(state)) is not None:
        plan = _propose(state, index)
        features = state.task(_features_task(plan.recipe).key)
        if features is None:
            return state.with_task(_features_task(plan.recipe))
        if features.status.is_open:
            return state
        candidate = records.begun(state.job, plan, now)
        if features.status is TaskStatus.DONE:
            task = NewTask(TaskKind.TRAIN, train_key(index), {"plan": asdict(plan)})
            state = state.with_candidate(candidate).with_task(task)
        else:
            reason = f"Its features ({plan.recipe}) could not be made: {features.error}"
            failed = records.ended(candidate, CandidateStatus.FAILED, now, reason)
            state = _with_reason(state.with_candidate(failed), reason)
    return state


def _free_index(state: JobState) -> int | None:
    """The index that may be proposed now, if any: the next one, unless enough candidates are under way, there
    are enough in all, or the plan would depend on one that is not done."""
    under_way = [candidate.index for candidate in state.having(CandidateStatus.IN_PROGRESS)]
    index = _next_index(state)
    first_open = min(under_way, default=index)
    is_enough = len(under_way) > state.workers or index > _max_pipelines(state.job)
    return None if is_enough or index >= first_open + search.LOOKBACK else index


def _propose(state: JobState, index: int) -> Plan:
    if state.analysis is None:
        raise ValueError("A plan needs the analysis of the data.")
    return search.propose(state.analysis, index, list(_tried(state)))


def _tried(state: JobState) -> Iterator[search.Tried]:
    for candidate in state.having(CandidateStatus.FAILED):
        if state.task(train_key(candidate.index)) is None:
            yield search.Tried(_plan_of(candidate), None, 0.0)
    for task in state.of(TaskKind.TRAIN):
        if task.status.is_open:
            continue
        plan = Plan(**task.payload["plan"])
        if task.status is TaskStatus.DONE and task.result is not None:
            outcome = outcome_from_json(task.result["outcome"])
            yield search.Tried(plan, outcome.objective, outcome.fit_s)
        else:
            yield search.Tried(plan, None, _seconds(task))


def _plan_of(candidate: Candidate) -> Plan:
    c = candidate
    return Plan(c.index, c.recipe, c.algorithm, c.hyperparameters, seed=0)


def _seconds(task: Task) -> float:
    if task.started is None or task.ended is None:
        return 0.0
    return (task.ended - task.started).total_seconds()


def _end_search(state: JobState, times: Timetable, now: datetime) -> JobState:
    if now >= times.last_start:
        state = _without_waiting(state, frozenset({TaskKind.TRAIN, TaskKind.FEATURES}), now)
    is_all = _next_index(state) > _max_pipelines(state.job)
    is_busy = bool(state.having(CandidateStatus.IN_PROGRESS))
    if is_all and not is_busy:
        is_cut = bool(state.having(CandidateStatus.STOPPED))
        end = EndOfSearch.RUNTIME if is_cut else EndOfSearch.CANDIDATES
    elif now >= (times.search if is_all else times.last_start):
        end = EndOfSearch.RUNTIME
    else:
        return state
    return replace(state, job=replace(state.job, search_ended=end))


def _without_waiting(state: JobState, kinds: frozenset[TaskKind], now: datetime) -> JobState:
    """With what no worker has begun given up, candidates included."""
    state = state.without_ready(kinds, now)
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        task = state.task(train_key(candidate.index))
        if task is None or task.status is TaskStatus.CANCELLED:
            state = _stopped(state, candidate, now)
    return state


def _search_shows(state: JobState) -> SecondaryStatus:
    if not state.candidates:
        return SecondaryStatus.FEATURE_ENGINEERING
    is_ensembling = mode_of(state.job) is Mode.ENSEMBLING
    return SecondaryStatus.TRAINING_MODELS if is_ensembling else SecondaryStatus.MODEL_TUNING


def _members(state: JobState) -> list[Candidate]:
    """The best single candidates, best first."""
    objective = state.job.objective
    sign = 1.0 if objective is not None and objective.is_minimized else -1.0
    finished = state.having(CandidateStatus.COMPLETED)
    ranked = sorted(finished, key=lambda c: (sign * (c.score or 0.0), c.index))
    return ranked[:_MAX_MEMBERS]


def _next_index(state: JobState) -> int:
    return max((c.index for c in state.candidates), default=0) + 1


def _features_task(recipe: str) -> NewTask:
    return NewTask(TaskKind.FEATURES, f"features/{recipe}", {"recipe": recipe})


# ends


def _fail_if_late(state: JobState, now: datetime) -> Passed:
    """A job whose data were never looked at in its time has nothing to finish with."""
    if now < timetable(state.job, state.up_since).finish:
        return state, False
    reason = (
        f"The time of the job, {state.job.limits.max_runtime_s} s, ended before its data were read: "
        "the server was down or busy. Create the job again."
    )
    return _failed(state, reason, now), False


def _failed(state: JobState, reason: str, now: datetime) -> JobState:
    job = replace(state.job, failure_reason=reason[:_MAX_TEXT])
    return _ended(replace(state, job=job), JobStatus.FAILED, SecondaryStatus.FAILED, now)


def _ended(
    state: JobState, status: JobStatus, secondary: SecondaryStatus, now: datetime
) -> JobState:
    state = state.without_ready(frozenset(TaskKind), now)
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        state = _stopped(state, candidate, now)
    is_stopped = status is JobStatus.STOPPED
    end = EndOfSearch.STOPPED if is_stopped else state.job.search_ended
    job = replace(state.job, status=status, secondary=secondary, ended=now, search_ended=end)
    return replace(state, job=job)


def _showing(state: JobState, secondary: SecondaryStatus) -> JobState:
    return replace(state, job=replace(state.job, secondary=secondary))


def _with_reason(state: JobState, reason: str, at_most: int = _MAX_REASONS) -> JobState:
    """The first few partial failures are told, the rest are in the candidates.

    at_most    reasons kept before this one; fewer than the usual make room for it
    """
    known = state.job.partial_failures[:at_most]
    reasons = (*known, reason[:_MAX_TEXT])[:_MAX_REASONS]
    if reason[:_MAX_TEXT] in state.job.partial_failures:
        return state
    return replace(state, job=replace(state.job, partial_failures=reasons))
