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
    SecondaryStatus.FEATURE_ENGINEERING: (
        "Feature engineering: fitting the feature recipes that candidates share."
    ),
    SecondaryStatus.MODEL_TUNING: "Model tuning: training and scoring candidates.",
    SecondaryStatus.TRAINING_MODELS: "Training models: training and scoring candidates.",
    SecondaryStatus.GENERATING_EXPLAINABILITY_REPORT: (
        "Generating the explainability report of the best candidate."
    ),
    SecondaryStatus.GENERATING_MODEL_INSIGHTS_REPORT: (
        "Generating the model insights report of the best candidate."
    ),
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
            f"The AutoML job {job.name} started: at most {limits.max_candidates} candidates in "
            f"{limits.max_runtime_s} s."
        )
        target = job.spec.problem.target
        yield f"Reading and analysing {uri}; target column: {target!r}."
        yield from _wishes(job)
    if before.problem_type is None and job.problem_type is not None:
        yield from _found(new)


def _wishes(job: AutoMLJob) -> Iterator[str]:
    """What was asked of the data and of the search beyond the target."""
    data, problem, search = job.spec.data, job.spec.problem, job.spec.search
    if data.validation is not None:
        uri = data.validation.source.uri
        yield f"Validation data: {uri} (used for scoring, never for training)."
    if (share := data.validation_fraction) is not None:
        yield f"Hold-out: a fraction of {share} of the rows (used for scoring, never for training)."
    if problem.sample_weight:
        yield "Sample weights: taken from a column of the data, which is not used as a feature."
    if uri := problem.feature_specification:
        yield f"Features and their types: as specified in {uri}."
    if search.algorithms:
        yield f"Algorithms to try: {', '.join(search.algorithms)}."


def _found(state: JobState) -> Iterator[str]:
    job = state.job
    result = next((task.result for task in state.of(TaskKind.ANALYZE) if task.result), None) or {}
    if "n_rows" in result:
        yield f"Found {result['n_rows']} rows and {result['n_columns']} columns{_types(result)}."
    if job.resolved_mode is not None:
        yield (
            f"Mode AUTO resolved to {job.resolved_mode} ({result.get('n_bytes', 0)} bytes of "
            "training data)."
        )
    objective = job.objective
    goal = "lower is better" if objective and objective.is_minimized else "higher is better"
    yield f"Problem type: {job.problem_type}; objective: {objective} ({goal})."


def _types(result: Mapping[str, object]) -> str:
    types = result.get("column_types")
    if not isinstance(types, Mapping):
        return ""
    return (
        f" (excluding the target: {', '.join(f'{n} {kind}' for kind, n in sorted(types.items()))})"
    )


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
            ("explainability report", "explainability"),
            ("model insights report", "model_insights"),
        ):
            place: str = getattr(candidate, field)
            if place and (before is None or not getattr(before, field)):
                yield f"Candidate {candidate.name}: {title} written to {place}."


def _title(candidate: Candidate) -> str:
    made_of = (
        f"{candidate.algorithm} with feature recipe {candidate.recipe}" if candidate.recipe else ""
    )
    if candidate.members:
        made_of = f"ensemble of {len(candidate.members)} candidates"
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
        yield f"New best candidate: {new.best.index} ({new.best.name})."
    ended = job.search_ended
    if ended is not None and before.search_ended is None and not job.status.is_final:
        counts = ", ".join(
            f"{len(found)} {status.lower()}"
            for status in CandidateStatus
            if (found := new.having(status))
        )
        yield f"Search ended: {ended} ({counts or 'no candidates'})."
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
        yield f"Deploying the best candidate to the endpoint {job.endpoint_name}."
    if job.deployed and not before.deployed:
        yield f"The endpoint {job.endpoint_name} is in service."
    if not job.status.is_final or before.status.is_final:
        return
    took = span(job.created, job.ended or job.modified)
    why = f" {discreet(job.failure_reason)}" if job.status is JobStatus.FAILED else ""
    yield f"The AutoML job {job.name} is {job.status} ({job.secondary}) after {took}.{why}"
