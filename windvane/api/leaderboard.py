"""All candidates of a job at once, and all of one: operations of our own, described in wire/data/windvane."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from windvane.api.answers import present, reason
from windvane.api.candidate_words import in_words
from windvane.api.candidates import container_answer, step_answer
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.leaderboard import CandidateView, Stage, Standing
from windvane.domain.candidate import Candidate, Metric
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import AutoMLJob
from windvane.domain.logs import place_of
from windvane.domain.problem import FORECAST_METRICS, METRICS_OF
from windvane.engine.features.cards import recipe_card
from windvane.notes.codes import NoteCode
from windvane.notes.sentences import sentence, sentences
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")


@OPERATIONS.serves("DescribeLeaderboard")
def describe_leaderboard(parts: Services, call: Call) -> Result:
    board = parts.leaderboards.describe(scope_of(call), call.parameters["AutoMLJobName"])
    return {
        **_job(board.job),
        **present(
            ValidationSplit=_split(board.standings),
            WhyNoEnsemble=None if board.no_ensemble is None else sentence(board.no_ensemble),
        ),
        "Candidates": [_standing(board.job, standing) for standing in board.standings],
    }


@OPERATIONS.serves("DescribeCandidate")
def describe_candidate(parts: Services, call: Call) -> Result:
    names = call.parameters["AutoMLJobName"], call.parameters["CandidateName"]
    view = parts.leaderboards.candidate(scope_of(call), *names)
    candidate = view.standing.candidate
    return {
        **_job(view.job),
        "Candidate": {**_standing(view.job, view.standing), "Members": _members(view)},
        **in_words(view.job, candidate),
        "Hyperparameters": {
            name: _text(value) for name, value in candidate.hyperparameters.items()
        },
        "Notes": list(sentences(candidate.notes)),
        "Steps": [_stage(stage, candidate) for stage in view.stages],
        "InferenceContainers": [container_answer(item) for item in candidate.containers],
        **present(
            Why=candidate.why,
            Seed=candidate.seed,
            Explainability=candidate.explainability,
            ModelInsights=candidate.model_insights,
        ),
    }


def _job(job: AutoMLJob) -> dict[str, Any]:
    metrics = METRICS_OF[job.problem_type] if job.problem_type is not None else ()
    if isinstance(job.spec.problem, ForecastSpec):
        metrics = FORECAST_METRICS
    objective = job.objective
    return {
        "AutoMLJobName": job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": job.status.value,
        "AutoMLJobSecondaryStatus": job.secondary.value,
        "MetricNames": [metric.value for metric in metrics],
        **present(
            ProblemType=job.problem_type.value if job.problem_type is not None else None,
            Objective=objective.value if objective is not None else None,
            ObjectiveIsMinimized=objective.is_minimized if objective is not None else None,
            BestCandidateName=job.best_candidate,
        ),
    }


def _split(standings: Sequence[Standing]) -> str | None:
    """Return how rows were kept together or in order for validation, as the candidates note it; None if they were not."""
    notes = (note for one in standings for note in one.candidate.notes)
    found = next((note for note in notes if note.code is NoteCode.ROWS_SPLIT), None)
    return None if found is None else sentence(found)


def _standing(job: AutoMLJob, standing: Standing) -> dict[str, Any]:
    c = standing.candidate
    return {
        "CandidateName": c.name,
        "Index": c.index,
        "CandidateStatus": c.status.value,
        "Algorithm": c.algorithm,
        "IsBest": standing.is_best,
        "IsOnFront": standing.on_front,
        "IsComparable": standing.is_comparable,
        "IsCutShort": c.cut_short,
        "HasReports": bool(c.explainability or c.model_insights),
        "CreationTime": c.created,
        "Metrics": [_metric(metric) for metric in c.metrics if math.isfinite(metric.value)],
        "Members": [
            {"CandidateName": name, "Weight": weight} for name, weight in c.members.items()
        ],
        **present(
            Recipe=c.recipe,
            RecipeTitle=recipe_card(c.recipe).title if c.recipe else None,
            Score=c.score,
            StandardError=_standard_error(job, c),
            TrainingTimeInSeconds=c.fit_s,
            LatencyInSeconds=c.latency_s,
            SizeInBytes=c.size_bytes,
            FoldCount=c.folds,
            RowsPerFold=c.n_rows,
            EndTime=c.ended,
            FailureReason=reason(c.failure),
        ),
    }


def _members(view: CandidateView) -> list[dict[str, Any]]:
    """Return the members of an ensemble with what DescribeLeaderboard lists with the candidates: algorithm, index, time."""
    answer: list[dict[str, Any]] = []
    for name, weight in view.standing.candidate.members.items():
        known = view.members.get(name)
        answer.append({"CandidateName": name, "Weight": weight})
        if known is not None:
            answer[-1] |= {"Algorithm": known.algorithm, "Index": known.index}
            answer[-1] |= present(TrainingTimeInSeconds=known.fit_s)
    return answer


def _standard_error(job: AutoMLJob, candidate: Candidate) -> float | None:
    """Return the standard error of the score."""
    for metric in candidate.metrics:
        if metric.name is job.objective and metric.split == "Validation":
            return metric.standard_error
    return None


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "MetricName": metric.name.value,
        "Set": metric.split,
        "Value": metric.value,
        **present(StandardError=metric.standard_error),
    }


def _stage(stage: Stage, candidate: Candidate) -> dict[str, Any]:
    """Return a step that has not begun has no times and no log."""
    told = step_answer(candidate, stage.step)
    record = stage.record
    if record is None:
        return told
    place = place_of(record)
    return {
        **told,
        "Status": record.status.value,
        "CreationTime": record.created,
        "LogGroupName": place.group,
        "LogStreamName": place.stream,
        **present(
            StartTime=record.started,
            EndTime=record.ended,
            FailureReason=reason(record.failure),
        ),
    }


def _text(value: Any) -> str:
    """Return a value as a training job's HyperParameters have it: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
