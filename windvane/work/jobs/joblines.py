"""What the log of an AutoML job tells, worked out from what changed.

Pure: two states of a job give the notes between them. Facts that are no values of somebody's data are told: counts, types,
names of columns that the request names, scores and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime

from windvane.automl.forecasting.documents import result_from_json
from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.jobspec import TabularProblem
from windvane.domain.logs import place_of
from windvane.domain.no_ensemble import why_no_ensemble
from windvane.domain.task import TaskKind
from windvane.engine.splits import SplitKind
from windvane.notes.codes import NoteCode
from windvane.notes.log import PHASES
from windvane.notes.note import Note
from windvane.store.base import Transaction
from windvane.work.jobs.state import JobState
from windvane.work.jobs.steplines import as_lines, seconds


def tell_job(tx: Transaction, old: JobState, new: JobState, now: datetime) -> None:
    """Write what became of an AutoML job to its log."""
    tx.log(place_of(new.job), as_lines(notes(old, new)), now)


def notes(old: JobState, new: JobState) -> Iterator[Note]:
    """Return what is to be told of an AutoML job that was `old` and is `new`."""
    yield from _of_the_start(old, new)
    yield from _of_candidates(old, new)
    yield from _of_the_search(old, new)
    yield from _of_failures(old.job, new.job)
    yield from _of_the_end(old, new)


def _of_the_start(old: JobState, new: JobState) -> Iterator[Note]:
    job, before = new.job, old.job
    is_reading = SecondaryStatus.ANALYZING_DATA
    if job.secondary is is_reading and before.secondary is not is_reading:
        limits = {
            "job": job.name,
            "max_candidates": job.limits.max_candidates,
            "max_runtime_s": job.limits.max_runtime_s,
        }
        yield Note(NoteCode.JOB_STARTED, limits)
        uri, target = job.spec.data.training.source.uri, job.spec.problem.target
        yield Note(NoteCode.READING_DATA, {"uri": uri, "target": target})
        if (given := job.deadline - before.deadline).total_seconds() > 0:
            yield Note(NoteCode.WAIT_GIVEN_BACK, {"seconds": given.total_seconds()})
        yield from _wishes(job)
    if job.is_forecast and before.analysis_s is None and job.analysis_s is not None:
        yield from _series_found(new)
    if before.problem_type is None and job.problem_type is not None:
        yield from _found(new)


def _wishes(job: AutoMLJob) -> Iterator[Note]:
    """Yield what was asked of the data and of the search beyond the target."""
    data, problem, search = job.spec.data, job.spec.problem, job.spec.search
    if data.validation is not None:
        yield Note(NoteCode.VALIDATION_DATA, {"uri": data.validation.source.uri})
    if (share := data.validation_fraction) is not None:
        yield Note(NoteCode.HOLD_OUT, {"share": share})
    if isinstance(problem, TabularProblem) and problem.sample_weight:
        yield Note(NoteCode.SAMPLE_WEIGHTS)
    if uri := problem.feature_specification:
        yield Note(NoteCode.FEATURES_SPECIFIED, {"uri": uri})
    if search.algorithms:
        yield Note(NoteCode.ALGORITHMS_ASKED, {"algorithms": tuple(search.algorithms)})


def _series_found(state: JobState) -> Iterator[Note]:
    result = next((task.result for task in state.of(TaskKind.ANALYZE) if task.result), None) or {}
    if (series := result_from_json(result).series) is not None:
        yield Note(NoteCode.SERIES_FOUND, asdict(series))


def _found(state: JobState) -> Iterator[Note]:
    job = state.job
    result = next((task.result for task in state.of(TaskKind.ANALYZE) if task.result), None) or {}
    if "n_rows" in result:
        types = result.get("column_types")
        table = {
            "n_rows": result["n_rows"],
            "n_columns": result["n_columns"],
            "types": dict(sorted(types.items())) if isinstance(types, Mapping) else {},
        }
        yield Note(NoteCode.TABLE_FOUND, table)
    if job.resolved_mode is not None:
        n_bytes: int = result.get("n_bytes", 0)
        yield Note(NoteCode.MODE_RESOLVED, {"mode": str(job.resolved_mode), "n_bytes": n_bytes})
    objective = job.objective
    problem = {
        "problem_type": str(job.problem_type),
        "objective": str(objective),
        "is_minimized": objective is not None and objective.is_minimized,
    }
    yield Note(NoteCode.PROBLEM_RESOLVED, problem)
    if (kind := result.get("split")) in (SplitKind.GROUPS, SplitKind.TIME):
        yield Note(NoteCode.ROWS_SPLIT, {"kind": str(kind)})


def _of_candidates(old: JobState, new: JobState) -> Iterator[Note]:
    known = {candidate.index: candidate for candidate in old.candidates}
    for candidate in new.candidates:
        before = known.get(candidate.index)
        status, was = candidate.status, None if before is None else before.status
        if before is None and status is CandidateStatus.IN_PROGRESS:
            yield Note(NoteCode.CANDIDATE_QUEUED, _made_of(candidate))
        if status is not was and status is not CandidateStatus.IN_PROGRESS:
            yield _ended(candidate, new.job)
        for title, field in (
            ("explainability", "explainability"),
            ("model insights", "model_insights"),
        ):
            place: str = getattr(candidate, field)
            if place and (before is None or not getattr(before, field)):
                report = {**_called(candidate), "report": title, "uri": place}
                yield Note(NoteCode.REPORT_WRITTEN, report)


def _called(candidate: Candidate) -> dict[str, object]:
    return {
        "index": candidate.index,
        "candidate": candidate.name,
        "algorithm": candidate.algorithm,
    }


def _made_of(candidate: Candidate) -> dict[str, object]:
    return {
        **_called(candidate),
        "recipe": candidate.recipe or None,
        "n_members": len(candidate.members) or None,
    }


def _ended(candidate: Candidate, job: AutoMLJob) -> Note:
    made_of = _made_of(candidate)
    if candidate.status is not CandidateStatus.COMPLETED:
        ended = {**made_of, "status": str(candidate.status)}
        return Note(NoteCode.CANDIDATE_ENDED, ended, candidate.failure)
    scores = (m for m in candidate.metrics if m.name is job.objective and m.split == "Validation")
    ended_at = candidate.ended
    scored = {
        **made_of,
        "n_windows" if job.is_forecast else "n_folds": candidate.folds or None,
        "took_s": None if ended_at is None else seconds(candidate.created, ended_at),
    }
    if (score := next(scores, None)) is not None:
        scored |= {"metric": str(score.name), "value": score.value}
        scored["standard_error"] = score.standard_error
    return Note(NoteCode.CANDIDATE_SCORED, scored)


def _of_the_search(old: JobState, new: JobState) -> Iterator[Note]:
    before, job = old.job, new.job
    if job.best_candidate != before.best_candidate and new.best is not None:
        yield Note(NoteCode.BEST_CANDIDATE, _called(new.best))
    ended = job.search_ended
    if ended is not None and before.search_ended is None and not job.status.is_final:
        counts = {str(status): len(new.having(status)) for status in CandidateStatus}
        there = {status: n for status, n in counts.items() if n}
        yield Note(NoteCode.SEARCH_OVER, {"why": str(ended), "counts": there})
    if job.secondary is not before.secondary and job.secondary in PHASES:
        yield Note(NoteCode.PHASE_BEGUN, {"phase": str(job.secondary)})


def _of_failures(before: AutoMLJob, job: AutoMLJob) -> Iterator[Note]:
    """Yield the notes of failures; those of candidates are told with the candidates."""
    for reason in job.partial_failures:
        if reason not in before.partial_failures and not reason.has(NoteCode.CANDIDATE_FAILED):
            yield reason


def _of_the_end(old: JobState, new: JobState) -> Iterator[Note]:
    before, job = old.job, new.job
    deploying = SecondaryStatus.DEPLOYING_MODEL
    if job.secondary is deploying and before.secondary is not deploying:
        yield Note(NoteCode.DEPLOYING, {"endpoint": job.endpoint_name})
    if job.deployed and not before.deployed:
        yield Note(NoteCode.DEPLOYED, {"endpoint": job.endpoint_name})
    if not job.status.is_final or before.status.is_final:
        return
    over = {
        "job": job.name,
        "status": str(job.status),
        "secondary": str(job.secondary),
        "took_s": seconds(job.created, job.ended or job.modified),
    }
    if (lacks := why_no_ensemble(job, new.candidates, new.tasks)) is not None:
        yield lacks
    why = job.failure if job.status is JobStatus.FAILED else None
    yield Note(NoteCode.JOB_ENDED, over, why)
