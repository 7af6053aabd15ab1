"""The candidates of a forecasting job as clients see them. All are a function of the job, its tasks and their results, so a restart
makes the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.automl.forecasting.documents import result_from_json
from windvane.domain.candidate import Candidate, CandidateStatus, Container, Metric, Step
from windvane.domain.forecasting import ForecastMetric
from windvane.domain.images import FORECASTER, image_uri
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Kind
from windvane.engine.checked import number_in, whole_in
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.work.jobs.containers import ACCEPT, MAX_BODY_BYTES
from windvane.work.workspace import Keys

ENSEMBLE = "ensemble"

_MOST_BYTES = 2**63 - 1


def begun(job: AutoMLJob, index: int, algorithm: str, now: datetime) -> Candidate:
    """Return a candidate that is to be made.

    algorithm    name of a model, or ENSEMBLE
    """
    keys, is_model = Keys(job), algorithm != ENSEMBLE
    return Candidate(
        scope=job.scope,
        name=keys.candidate_name(index),
        parent=job.arn,
        created=now,
        modified=now,
        index=index,
        algorithm=algorithm,
        recipe="",
        hyperparameters={},
        why=model_named(algorithm).description if is_model else "",
        seed=job.spec.forecast.seed if is_model else None,
        steps=(
            Step(Kind.PROCESSING_JOB, keys.split_name),
            Step(Kind.TRAINING_JOB, keys.candidate_name(index)),
        ),
    )


def completed(
    job: AutoMLJob,
    candidate: Candidate,
    others: Iterable[Candidate],
    result: Mapping[str, Any],
    ended: datetime | None,
) -> Candidate:
    """Return a candidate with what its task brought: a backtest, or an average of models.

    others    candidates of the job
    raises    KeyError, TypeError or ValueError if that is no candidate's
    """
    found = result_from_json(result)
    names = {one.algorithm: one.name for one in others if one.status is CandidateStatus.COMPLETED}
    outcome, objective = found.outcome, job.spec.forecast.objective
    if outcome is None or outcome.metrics.get(str(objective)) is None:
        raise ValueError(f"the result of {candidate.name} has no {objective}")
    return replace(
        packed(job, candidate, result),
        status=CandidateStatus.COMPLETED,
        score=outcome.loss(objective),
        folds=len(outcome.windows),
        metrics=tuple(_metrics(outcome, objective)),
        fit_s=outcome.fit_s,
        members={names[name]: weight for name, weight in found.weights.items()},
        backtest_results=str(Keys(job).backtests(candidate.index)),
        ended=ended,
    )


def judged_with(best: Candidate, completed: Iterable[Candidate]) -> dict[str, Any]:
    """Return what a report on the best candidate is made of, for the payload of its task."""
    made_by = [one.algorithm for one in completed]
    return {
        "models": [name for name in made_by if name != ENSEMBLE],
        "has_ensemble": ENSEMBLE in made_by,
        "answering": best.algorithm,
    }


def packed(job: AutoMLJob, candidate: Candidate, result: Mapping[str, Any]) -> Candidate:
    """Return a candidate whose package lies under the job's keys; as it is if its task has published none."""
    if "n_bytes" not in result:
        return candidate
    environment = {"MAX_CONTENT_LENGTH": MAX_BODY_BYTES, ACCEPT: "text/csv"}
    location = str(Keys(job).whole(candidate.index))
    return replace(
        candidate,
        size_bytes=whole_in(result, "n_bytes", 0, _MOST_BYTES),
        latency_s=number_in(result, "latency_s", 0.0)
        if "latency_s" in result
        else candidate.latency_s,
        containers=(Container(image_uri(job.scope, FORECASTER), location, environment),),
    )


def _metrics(outcome: ForecastOutcome, objective: ForecastMetric) -> Iterator[Metric]:
    for name in ForecastMetric:
        value = outcome.metrics.get(str(name))
        if value is not None:
            error = outcome.standard_error if name is objective else None
            yield Metric(name.name_in_records, value, "Validation", error)
