"""The search of a job: which candidates are begun, when none is begun any more, and which of them count.

Pure functions from state to state, as all of work/jobs/flow.py, which calls them; what may be begun, and on which
terms, engine/tuning/pacing.py says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob, EndOfSearch, SecondaryStatus
from windvane.domain.problem import Mode
from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.domain.timing import Timetable
from windvane.engine.candidates import Plan, Tried
from windvane.engine.outcomes import outcome_from_json
from windvane.engine.tuning import pacing, search
from windvane.work.jobs import beside, records
from windvane.work.jobs.reasons import with_reason
from windvane.work.jobs.state import JobState, train_key
from windvane.work.jobs.strategy import strategy_of

_MAX_MEMBERS = 40
_SEARCH_ENDED = "Stopped before it finished because the search ended."


def _max_pipelines(job: AutoMLJob) -> int:
    """How many candidates the search may propose; the ensemble has a place of its own among all."""
    return job.limits.max_candidates - (1 if has_place_for_ensemble(job) else 0)


def has_place_for_ensemble(job: AutoMLJob) -> bool:
    return pacing.has_place_for_ensemble(job.limits.max_candidates, strategy_of(job))


def queue_features(state: JobState) -> JobState:
    """The data are explored as soon as the first features can be made."""
    if state.analysis is None:
        return state
    for recipe in search.recipes_for(state.analysis, strategy_of(state.job)):
        state = beside.explored(state.with_task(_features_task(recipe)))
    return state


def queue_candidates(state: JobState, times: Timetable, now: datetime) -> JobState:
    """Keep every training worker busy and one candidate waiting."""
    while (plan := _next_plan(state, (times.search - now).total_seconds())) is not None:
        index = plan.index
        features = state.task(_features_task(plan.recipe).key)
        if features is None:
            return state.with_task(_features_task(plan.recipe))
        if features.status.is_open:
            return state
        candidate = records.begun(state.job, plan, now)
        if features.status is TaskStatus.DONE:
            payload = {"plan": asdict(plan), **_rival(state, index)}
            task = NewTask(TaskKind.TRAIN, train_key(index), payload)
            state = state.with_candidate(candidate).with_task(task)
        else:
            reason = f"Its feature recipe ({plan.recipe}) could not be fitted: {features.error}"
            failed = records.ended(candidate, CandidateStatus.FAILED, now, reason)
            state = with_reason(state.with_candidate(failed), reason)
    return state


def _rival(state: JobState, index: int) -> dict[str, int]:
    """The candidate that this one is compared with while it is trained, if any, as part of its task's payload."""
    if state.analysis is None or not strategy_of(state.job).gives_up_early:
        return {}
    found = search.rival(state.analysis, index, list(_tried(state)))
    return {} if found is None else {"rival": found}


def _free_index(state: JobState) -> int | None:
    """The index that may be proposed now, if any: the next one, unless enough candidates are under way, there
    are enough in all, or the plan would depend on one that is not done."""
    under_way = [candidate.index for candidate in state.having(CandidateStatus.IN_PROGRESS)]
    index = next_index(state)
    first_open = min(under_way, default=index)
    is_enough = len(under_way) > state.workers or index > _max_pipelines(state.job)
    return None if is_enough or index >= first_open + search.LOOKBACK else index


def _next_plan(state: JobState, left_s: float) -> Plan | None:
    """The plan that may be begun now, if any."""
    index = _free_index(state)
    if index is None or state.analysis is None:
        return None
    tried = list(_tried(state))
    strategy = strategy_of(state.job)
    if pacing.is_in_vain(tried) or not pacing.may_begin(state.analysis, index, tried, strategy):
        return None
    limits = state.job.limits
    own_s = pacing.candidate_s(limits.max_runtime_s, limits.max_candidates)
    last = _max_pipelines(state.job)
    return pacing.next_plan(state.analysis, index, last, tried, left_s, own_s, strategy)


def _tried(state: JobState) -> Iterator[Tried]:
    for candidate in state.having(CandidateStatus.FAILED):
        if state.task(train_key(candidate.index)) is None:
            yield Tried(_plan_of(candidate), None, 0.0)
    for task in state.of(TaskKind.TRAIN):
        if task.status.is_open:
            continue
        plan = Plan(**task.payload["plan"])
        if task.status is TaskStatus.DONE and task.result is not None and not given_up(task):
            outcome = outcome_from_json(task.result["outcome"])
            yield Tried(plan, outcome.objective, outcome.fit_s)
        else:
            yield Tried(plan, None, _seconds(task))


def _plan_of(candidate: Candidate) -> Plan:
    c = candidate
    return Plan(c.index, c.recipe, c.algorithm, c.hyperparameters, c.seed or 0, n_rows=c.n_rows)


def _seconds(task: Task) -> float:
    if task.started is None or task.ended is None:
        return 0.0
    return (task.ended - task.started).total_seconds()


def end_search(state: JobState, times: Timetable, now: datetime) -> JobState:
    if now >= times.last_start:
        state = without_waiting(state, frozenset({TaskKind.TRAIN, TaskKind.FEATURES}), now)
    is_all = next_index(state) > _max_pipelines(state.job)
    is_busy = bool(state.having(CandidateStatus.IN_PROGRESS))
    if is_all and not is_busy:
        tasks = (state.task(train_key(one.index)) for one in state.having(CandidateStatus.STOPPED))
        is_cut = any(task is None or not given_up(task) for task in tasks)
        end = EndOfSearch.RUNTIME if is_cut else EndOfSearch.CANDIDATES
    elif now >= (times.search if is_all else times.last_start):
        end = EndOfSearch.RUNTIME
    else:
        return state
    return replace(state, job=replace(state.job, search_ended=end))


def end_if_nothing_fits(state: JobState) -> JobState:
    """The search ends before its time if nothing is under way or waited for: what could be begun would not end,
    or everything fails."""
    makes_features = any(task.kind is TaskKind.FEATURES for task in state.queued) or any(
        task.status.is_open for task in state.of(TaskKind.FEATURES)
    )
    is_busy = bool(state.having(CandidateStatus.IN_PROGRESS))
    if makes_features or is_busy or state.job.search_ended is not None:
        return state
    is_vain = pacing.is_in_vain(list(_tried(state)))
    end = EndOfSearch.EXHAUSTED if is_vain else EndOfSearch.RUNTIME
    return replace(state, job=replace(state.job, search_ended=end))


def without_waiting(state: JobState, kinds: frozenset[TaskKind], now: datetime) -> JobState:
    """With what no worker has begun given up, candidates included."""
    state = state.without_ready(kinds, now)
    for candidate in state.having(CandidateStatus.IN_PROGRESS):
        task = state.task(train_key(candidate.index))
        if task is None or task.status is TaskStatus.CANCELLED:
            state = stopped(state, candidate, now)
    return state


def search_shows(state: JobState) -> SecondaryStatus:
    if state.job.mode is Mode.ENSEMBLING:
        return SecondaryStatus.TRAINING_MODELS
    has_begun = bool(state.candidates)
    return SecondaryStatus.MODEL_TUNING if has_begun else SecondaryStatus.FEATURE_ENGINEERING


def members(state: JobState) -> list[Candidate]:
    """The best single candidates, best first."""
    return _ranked(state, comparable(state))[:_MAX_MEMBERS]


def spare(state: JobState) -> list[Candidate]:
    """Single candidates whose models are not to be kept: those beyond the best ones, unless one is the best of all or
    a member of an ensemble. Those scored on fewer folds come after all others."""
    if not state.kept_models:
        return []
    finished = state.having(CandidateStatus.COMPLETED)
    needed = {name for candidate in finished for name in candidate.members}
    needed |= {state.job.best_candidate or ""}
    singles = [c for c in finished if c.algorithm not in (records.ENSEMBLE, records.BASELINE)]
    first = [c for c in _ranked(state, comparable(state)) if c in singles]
    rest = [c for c in _ranked(state, singles) if c not in first]
    return [c for c in (*first, *rest)[state.kept_models :] if c.name not in needed]


def _ranked(state: JobState, candidates: Iterable[Candidate]) -> list[Candidate]:
    objective = state.job.objective
    sign = 1.0 if objective is not None and objective.is_minimized else -1.0
    return sorted(candidates, key=lambda c: (sign * (c.score or 0.0), c.index))


def next_index(state: JobState) -> int:
    return max((c.index for c in state.candidates), default=0) + 1


def _features_task(recipe: str) -> NewTask:
    return NewTask(TaskKind.FEATURES, f"features/{recipe}", {"recipe": recipe})


def given_up(task: Task) -> str:
    """Why the training of a candidate was ended early, because it was clearly worse than another; "" if it was not."""
    return str((task.result or {}).get("outclassed", ""))


def stopped(state: JobState, candidate: Candidate, at: datetime | None) -> JobState:
    task = state.task(train_key(candidate.index))
    reason = (given_up(task) or task.error if task else "") or _SEARCH_ENDED
    return state.with_candidate(records.ended(candidate, CandidateStatus.STOPPED, at, reason))


def comparable(state: JobState) -> list[Candidate]:
    """Finished candidates that were scored on as many folds as any: only they can be the best."""
    outcomes = [
        task.result["outcome"] for task in state.tasks if task.result and task.result.get("outcome")
    ]
    folds = {outcome["index"]: outcome["folds_used"] for outcome in outcomes}
    finished = state.having(CandidateStatus.COMPLETED)
    most = max((folds[candidate.index] for candidate in finished), default=0)
    return [candidate for candidate in finished if folds[candidate.index] == most]
