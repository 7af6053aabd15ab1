"""The candidates of a job as clients see them, and the names of what they are made of.

All are a function of the job, its tasks and their results, so a restart makes the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.domain.candidate import Candidate, CandidateStatus, Metric, Step
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Kind
from windvane.engine.candidate_io import outcome_from_json
from windvane.engine.candidates import SAMPLE_ROWS, Outcome, Plan, Score
from windvane.engine.checked import number_in, whole_in
from windvane.notes.note import Note
from windvane.work.jobs.containers import containers_of
from windvane.work.workspace import Keys

ENSEMBLE = "ensemble"
BASELINE = "baseline"

SPLIT = "split"
"""Key of the task that writes the split data."""

_FINITE = ("objective", "fit_s", "latency_s")
"""Of an outcome: they stand in answers, and JSON has no other numbers."""

_MOST_BYTES = 2**63 - 1

_TAG = re.compile("[A-Za-z0-9_-]{1,63}")


def transform_key(recipe: str) -> str:
    """Key of the task that writes what a recipe makes of the data."""
    return f"transform/{recipe}"


def begun(job: AutoMLJob, plan: Plan, now: datetime, tag: str = "") -> Candidate:
    """Return a candidate that is to be trained.

    tag    names its transformers; "": its recipe does
    """
    return Candidate(
        scope=job.scope,
        name=Keys(job).candidate_name(plan.index),
        parent=job.arn,
        created=now,
        modified=now,
        index=plan.index,
        algorithm=plan.algorithm,
        recipe=plan.recipe,
        hyperparameters=plan.hyperparameters,
        why=plan.why,
        seed=plan.seed,
        n_rows=plan.n_rows,
        steps=_steps(job, plan.index, tag or plan.recipe),
    )


def unplanned(job: AutoMLJob, index: int, algorithm: str, tag: str, now: datetime) -> Candidate:
    """Return an ensemble or a baseline, which the search did not propose."""
    return replace(begun(job, Plan(index, "", algorithm, {}, seed=0), now, tag), seed=None)


def completed(
    job: AutoMLJob, candidate: Candidate, result: dict[str, Any], ended: datetime | None
) -> Candidate:
    """Return a candidate with what its task brought.

    raises    KeyError, TypeError or ValueError if that is no candidate's
    """
    outcome, tag = outcome_from_json(result["outcome"]), _tag(result["tag"])
    for name in _FINITE:
        number_in(result["outcome"], name)
    keys = Keys(job)
    return replace(
        candidate,
        status=CandidateStatus.COMPLETED,
        score=outcome.objective,
        folds=outcome.folds_used,
        cut_short=outcome.is_cut_short,
        n_rows=_rows_of(candidate, outcome),
        stops=outcome.stops,
        metrics=_metrics(outcome),
        latency_s=outcome.latency_s,
        fit_s=outcome.fit_s,
        size_bytes=None if "n_bytes" not in result else whole_in(result, "n_bytes", 0, _MOST_BYTES),
        notes=outcome.notes,
        hyperparameters={**candidate.hyperparameters, **outcome.second_layer},
        members={keys.candidate_name(i): weight for i, weight in outcome.members.items()},
        containers=containers_of(job, candidate, tag),
        ended=ended,
    )


def _rows_of(candidate: Candidate, outcome: Outcome) -> int | None:
    """Return how many rows its folds have learnt from: fewer than were meant, if more did not help."""
    if candidate.n_rows is None or SAMPLE_ROWS not in outcome.stops:
        return candidate.n_rows
    return whole_in(outcome.stops, SAMPLE_ROWS, 1, candidate.n_rows)


def _tag(told: str) -> str:
    """It becomes a part of names that stand in the candidate's record several times."""
    if not _TAG.fullmatch(told):
        raise ValueError(f"{told[:60]!r} is no name of transformers")
    return told


def ended(
    candidate: Candidate, status: CandidateStatus, at: datetime | None, why: Note | None
) -> Candidate:
    """Return a candidate that came to nothing."""
    return replace(candidate, status=status, ended=at, failure=why)


def _steps(job: AutoMLJob, index: int, tag: str) -> tuple[Step, ...]:
    keys = Keys(job)
    return (
        Step(Kind.PROCESSING_JOB, keys.split_name),
        Step(Kind.TRAINING_JOB, keys.transformers_name(tag)),
        Step(Kind.TRANSFORM_JOB, keys.transform_name(tag)),
        Step(Kind.TRAINING_JOB, keys.candidate_name(index)),
    )


def _metrics(outcome: Outcome) -> tuple[Metric, ...]:
    validation = metrics_of(outcome.scores, "Validation")
    return (*validation, *metrics_of(outcome.train_scores, "Train"))


def metrics_of(scores: Iterable[Score], split: str) -> Iterator[Metric]:
    """Scores as metrics, as far as they are numbers that an answer can tell."""
    for score in scores:
        error = score.standard_error
        if math.isfinite(score.value):
            told = None if error is None or not math.isfinite(error) else error
            yield Metric(score.metric, score.value, split, told)
