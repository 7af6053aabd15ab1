"""The scores of a candidate beside those of the model in service that it would replace or stand beside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.candidate.head import Answer
from windvane.console.endpoint.origin import ModelOrigin
from windvane.console.request_context import RequestContext
from windvane.console.scores import is_loss, metric_scores
from windvane.console.wording import number
from windvane.errors import AccessDenied, NotFound

_CLEAR = 2.0
"""Standard errors of a difference that make it clear."""


@dataclass(frozen=True)
class ScoreComparison:
    """Two models' scores on rows they were not trained on.

    verdict    by the objective, in words
    severity   how much of a warning it is: "high", "medium" or "info"
    basis      on which rows the scores were measured
    scores     name of each metric, score of the model in service, score of the candidate
    """

    verdict: str
    severity: str
    basis: str
    scores: Sequence[tuple[str, str, str]]


async def scores_beside(
    context: RequestContext, answer: Answer, origin: ModelOrigin | None
) -> ScoreComparison | None:
    """Return the scores of a candidate and of the one in service; None if that one is not known, or may not be seen.

    answer    of DescribeCandidate, of the candidate that is to be deployed
    """
    if origin is None or not origin.candidate:
        return None
    named = {"AutoMLJobName": origin.job, "CandidateName": origin.candidate}
    try:
        serving = await context.ask("windvane", "DescribeCandidate", named)
    except (AccessDenied, NotFound):
        return None
    return compare_scores(serving, answer)


def compare_scores(serving: Answer, other: Answer) -> ScoreComparison:
    """Return the scores of two candidates, each an answer of DescribeCandidate."""
    names = [name for name in serving["MetricNames"] if name in other["MetricNames"]]
    sides = [metric_scores(one["Candidate"], names) for one in (serving, other)]
    scores = [
        (before.name, before.validation.whole, now.validation.whole)
        for before, now in zip(*sides, strict=True)
    ]
    verdict, severity = _verdict(serving, other)
    return ScoreComparison(verdict, severity, _basis(serving, other), scores)


def _verdict(serving: Answer, other: Answer) -> tuple[str, str]:
    before, now = serving["Candidate"], other["Candidate"]
    objective = other.get("Objective", "")
    if before["CandidateName"] == now["CandidateName"] and _is_same_job(serving, other):
        return "The endpoint serves this candidate already.", "info"
    if objective != serving.get("Objective", "") or "Score" not in before or "Score" not in now:
        return "The two models have no score in common: their jobs had other objectives.", "medium"
    gain = now["Score"] - before["Score"]
    if is_loss(objective):
        gain = -gain
    errors = [one.get("StandardError") or 0.0 for one in (before, now)]
    told = f"{number(now['Score'])} against {number(before['Score'])} ({objective})"
    if gain == 0:
        return f"The new model scores the same as the one in service: {told}.", "info"
    if gain > 0:
        return f"The new model scores better than the one in service: {told}.", "info"
    is_clear = -gain > _CLEAR * math.hypot(*errors)
    hint = "" if is_clear else " The difference is within the uncertainty of the scores."
    return (
        f"The new model scores worse than the one in service: {told}.{hint}",
        "high" if is_clear else "medium",
    )


def _basis(serving: Answer, other: Answer) -> str:
    if not _is_same_job(serving, other):
        return "Each score was measured on the data of its own job, so that a difference may come from the data."
    if _folds(serving["Candidate"]) == _folds(other["Candidate"]):
        return "Both were scored on the same folds of the same job."
    return "Both are of the same job, but were not scored on the same folds."


def _is_same_job(serving: Answer, other: Answer) -> bool:
    return bool(serving["AutoMLJobName"] == other["AutoMLJobName"])


def _folds(candidate: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(candidate.get(key) for key in ("FoldCount", "RowsPerFold"))
