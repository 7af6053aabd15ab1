"""All candidates of a job at once, best first, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from windvane.control.jobs import find_job
from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    ProcessingJob,
    Step,
    TrainingJob,
    TransformJob,
)
from windvane.domain.job import AutoMLJob
from windvane.domain.no_ensemble import why_no_ensemble
from windvane.domain.pareto import front
from windvane.domain.problem import MetricName
from windvane.domain.resource import Kind
from windvane.errors import NotFound
from windvane.names import Scope
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction

_RECORDS: dict[Kind, type[ProcessingJob]] = {
    Kind.PROCESSING_JOB: ProcessingJob,
    Kind.TRAINING_JOB: TrainingJob,
    Kind.TRANSFORM_JOB: TransformJob,
}
_LAST = (CandidateStatus.IN_PROGRESS, CandidateStatus.STOPPED, CandidateStatus.FAILED)


@dataclass(frozen=True)
class Standing:
    """A candidate among those of its job.

    is_best        the job calls it its best
    on_front       no other that can be compared is both as good and as quick, by the scores that are shown
    is_comparable  it finished, and was scored on as many folds as any
    """

    candidate: Candidate
    is_best: bool
    on_front: bool
    is_comparable: bool


@dataclass(frozen=True)
class Leaderboard:
    """The best first, then those scored on fewer folds, then those that have no score.

    no_ensemble    why the job has no ensemble; None if it has one, or is not completed
    """

    job: AutoMLJob
    standings: tuple[Standing, ...]
    no_ensemble: Note | None


@dataclass(frozen=True)
class Stage:
    """A step of a candidate, and its record; None until it begins."""

    step: Step
    record: ProcessingJob | None


@dataclass(frozen=True)
class CandidateView:
    """A candidate with its rank.

    members    candidates that it is made of, by their names
    """

    job: AutoMLJob
    standing: Standing
    stages: tuple[Stage, ...]
    members: Mapping[str, Candidate]


class Leaderboards:
    """The operations on leaderboards."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self, scope: Scope, job_name: str) -> Leaderboard:
        """Return a job with its ranked candidates.

        raises    NotFound
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, job_name)
            candidates = tx.children(Candidate, job.arn)
            tasks = tx.tasks(job.arn) if job.status.is_final else ()
        lacks = why_no_ensemble(job, candidates, tasks)
        return Leaderboard(job, tuple(standings(job, candidates)), lacks)

    def candidate(self, scope: Scope, job_name: str, candidate_name: str) -> CandidateView:
        """Return a candidate with its rank.

        raises    NotFound for the job or the candidate
        """
        with self._store.snapshot() as tx:
            job = find_job(tx, scope, job_name)
            ranked = standings(job, tx.children(Candidate, job.arn))
            name = candidate_name.lower()
            found = next((one for one in ranked if one.candidate.name.lower() == name), None)
            if found is None:
                raise NotFound(
                    f"The AutoML job {job.name} has no candidate called {candidate_name}. ListCandidatesForAutoMLJob "
                    "names those that it has."
                )
            stages = tuple(_stage(tx, job, step) for step in found.candidate.steps)
        names = found.candidate.members
        members = {
            one.candidate.name: one.candidate for one in ranked if one.candidate.name in names
        }
        return CandidateView(job, found, stages, members)


def standings(job: AutoMLJob, candidates: Sequence[Candidate]) -> list[Standing]:
    """Return the candidates in the order of the leaderboard: of equal scores the best candidate of the job comes first, then
    the fastest."""
    comparable = {candidate.name for candidate in _comparable(candidates)}
    on_front = _on_front(job.objective, [c for c in candidates if c.name in comparable])
    ranked = sorted(
        candidates,
        key=lambda c: (
            _group(c, comparable),
            -_gain(job.objective, c),
            c.name != job.best_candidate,
            c.latency_s or 0.0,
            c.index,
        ),
    )
    return [
        Standing(c, c.name == job.best_candidate, c.name in on_front, c.name in comparable)
        for c in ranked
    ]


def _comparable(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Finished ones that were scored on as many folds as any. Of those recorded by versions that did not say on how
    many nothing is held against them."""
    finished = [c for c in candidates if c.status is CandidateStatus.COMPLETED]
    most = max((c.folds or 0 for c in finished), default=0)
    return [c for c in finished if c.folds in (None, most)]


def _on_front(objective: MetricName | None, candidates: Sequence[Candidate]) -> set[str]:
    measured = [c for c in candidates if c.score is not None and c.latency_s is not None]
    sign = _sign(objective)
    marks = front(
        [sign * (c.score or 0.0) for c in measured], [c.latency_s or 0.0 for c in measured]
    )
    return {c.name for c, mark in zip(measured, marks, strict=True) if mark}


def _gain(objective: MetricName | None, candidate: Candidate) -> float:
    """Higher is better; 0 of one without a score."""
    return _sign(objective) * (candidate.ranked_by(objective) or 0.0)


def _sign(objective: MetricName | None) -> float:
    return -1.0 if objective is not None and objective.is_minimized else 1.0


def _group(candidate: Candidate, comparable: set[str]) -> int:
    if candidate.status is CandidateStatus.COMPLETED:
        return 0 if candidate.name in comparable else 1
    return 2 + _LAST.index(candidate.status)


def _stage(tx: Transaction, job: AutoMLJob, step: Step) -> Stage:
    """Return the stage of a step, without a record where a client has given the step's name to a job of its own."""
    record = tx.find(_RECORDS[step.kind], job.scope, step.name)
    return Stage(step, record if record is not None and record.parent == job.arn else None)
