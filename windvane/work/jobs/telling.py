"""What the log of an AutoML job says: lines in plain words, worked out from what changed.

Pure: two states of a job give the lines between them. Nothing is told that may be a value of somebody's data
(domain/discretion.py): counts, types, names of columns that the request names, scores and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.discretion import discreet
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.logs import place_of
from windvane.domain.task import TaskKind
from windvane.store.base import Transaction
from windvane.work.jobs.state import JobState
from windvane.work.jobs.steplines import as_told, scored, span

_SHOWN: Mapping[SecondaryStatus, str] = {
    SecondaryStatus.FEATURE_ENGINEERING: "Feature engineering: the recipes that candidates share are fitted.",
    SecondaryStatus.MODEL_TUNING: "Model tuning: candidates are trained and scored.",
    SecondaryStatus.TRAINING_MODELS: "Training models: candidates are trained and scored.",
    SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT: "The best candidate is explained.",
    SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT: "It is worked out how good the best candidate is.",
}


def tell_job(tx: Transaction, old: JobState, new: JobState, now: datetime) -> None:
    """Write what became of an AutoML job to its log."""
    tx.log(place_of(new.job), as_told(lines(old, new)), now)


def lines(old: JobState, new: JobState) -> Iterator[str]:
    """What is to be told of an AutoML job that was `old` and is `new`."""
    yield from _of_the_start(old, new)
    yield from _of_candidates(old, new)
    yield from _of_the_search(old, new)
    yield from _of_failures(old.job, new.job)
    yield from _of_the_end(old, new)


def _of_the_start(old: JobState, new: JobState) -> Iterator[str]:
    job, before = new.job, old.job
    is_reading = SecondaryStatus.ANALYZING_DATA
    if job.secondary is is_reading and before.secondary is not is_reading:
        limits, uri = job.limits, job.spec.data.training.source.uri
        yield (
            f"The AutoML job {job.name} has begun: at most {limits.max_candidates} candidates in "
            f"{limits.max_runtime_s} s."
        )
        target = job.spec.problem.target
        yield f"Reading and analysing {uri}; the target column is {target!r}."
        yield from _wishes(job)
    if before.problem_type is None and job.problem_type is not None:
        yield from _found(new)


def _wishes(job: AutoMLJob) -> Iterator[str]:
    """What was asked of the data and of the search beyond the target."""
    data, problem, search = job.spec.data, job.spec.problem, job.spec.search
    if data.validation is not None:
        uri = data.validation.source.uri
        yield f"Candidates are scored on the rows of {uri}, of which no model learns."
    if (share := data.validation_fraction) is not None:
        yield f"A share of {share} of the rows is held out, on which candidates are scored."
    if problem.sample_weight:
        yield "Rows are weighted by a column of theirs, which is no feature."
    if uri := problem.feature_specification:
        yield f"Features are those that {uri} names, of the types that it gives them."
    if search.algorithms:
        yield f"Algorithms that are tried: {', '.join(search.algorithms)}."


def _found(state: JobState) -> Iterator[str]:
    job = state.job
    result = next((task.result for task in state.of(TaskKind.ANALYZE) if task.result), None) or {}
    if "n_rows" in result:
        yield f"Found {result['n_rows']} rows of {result['n_columns']} columns{_types(result)}."
    if job.resolved_mode is not None:
        yield f"The mode AUTO is {job.resolved_mode} for {result.get('n_bytes', 0)} bytes of training data."
    objective = job.objective
    goal = "smaller is better" if objective and objective.is_minimized else "larger is better"
    yield f"The problem is {job.problem_type}, the objective {objective} ({goal})."


def _types(result: Mapping[str, object]) -> str:
    types = result.get("column_types")
    if not isinstance(types, Mapping):
        return ""
    return f"; besides the target: {', '.join(f'{n} {kind}' for kind, n in sorted(types.items()))}"


def _of_candidates(old: JobState, new: JobState) -> Iterator[str]:
    known = {candidate.index: candidate for candidate in old.candidates}
    for candidate in new.candidates:
        before = known.get(candidate.index)
        status, was = candidate.status, None if before is None else before.status
        if before is None and status is CandidateStatus.IN_PROGRESS:
            yield f"{_title(candidate)} is queued."
        if status is not was and status is not CandidateStatus.IN_PROGRESS:
            yield _ended(candidate, new.job)
        for title, field in (
            ("explanation", "explainability"),
            ("report on its quality", "model_insights"),
        ):
            place: str = getattr(candidate, field)
            if place and (before is None or not getattr(before, field)):
                yield f"Candidate {candidate.name}: its {title} lies under {place}."


def _title(candidate: Candidate) -> str:
    made_of = f"{candidate.algorithm} on the recipe {candidate.recipe}" if candidate.recipe else ""
    if candidate.members:
        made_of = f"an ensemble of {len(candidate.members)}"
    return f"Candidate {candidate.index} ({candidate.name}): {made_of or candidate.algorithm}"


def _ended(candidate: Candidate, job: AutoMLJob) -> str:
    title = _title(candidate)
    if candidate.status is not CandidateStatus.COMPLETED:
        what = "failed" if candidate.status is CandidateStatus.FAILED else "was stopped"
        return f"{title} {what}. {discreet(candidate.failure_reason)}".rstrip()
    told = next(
        (
            scored(m)
            for m in candidate.metrics
            if m.name is job.objective and m.split == "Validation"
        ),
        "",
    )
    folds = f" on {candidate.folds} folds" if candidate.folds else ""
    took = f" in {span(candidate.created, candidate.ended)}" if candidate.ended else ""
    return f"{title} scored {told}{folds}{took}."


def _of_the_search(old: JobState, new: JobState) -> Iterator[str]:
    before, job = old.job, new.job
    if job.best_candidate != before.best_candidate and new.best is not None:
        yield f"The best candidate is now {new.best.index} ({new.best.name})."
    ended = job.search_ended
    if ended is not None and before.search_ended is None and not job.status.is_final:
        counts = ", ".join(
            f"{len(found)} {status.lower()}"
            for status in CandidateStatus
            if (found := new.having(status))
        )
        yield f"The search is over: {ended} ({counts or 'no candidates'})."
    if job.secondary is not before.secondary and job.secondary in _SHOWN:
        yield _SHOWN[job.secondary]


def _of_failures(before: AutoMLJob, job: AutoMLJob) -> Iterator[str]:
    """Those of candidates are told with the candidates."""
    for reason in job.partial_failures:
        if reason not in before.partial_failures and not reason.startswith("Candidate "):
            yield discreet(reason)


def _of_the_end(old: JobState, new: JobState) -> Iterator[str]:
    before, job = old.job, new.job
    deploying = SecondaryStatus.DEPLOYING_MODEL
    if job.secondary is deploying and before.secondary is not deploying:
        yield f"The best candidate is deployed to the endpoint {job.endpoint_name}."
    if job.deployed and not before.deployed:
        yield f"The endpoint {job.endpoint_name} is in service."
    if not job.status.is_final or before.status.is_final:
        return
    took = span(job.created, job.ended or job.modified)
    why = f" {discreet(job.failure_reason)}" if job.status is JobStatus.FAILED else ""
    yield f"The AutoML job {job.name} is {job.status} ({job.secondary}) after {took}.{why}"
