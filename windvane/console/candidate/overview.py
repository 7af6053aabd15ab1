"""What a candidate is and how it did, in figures and plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from windvane.console.candidate.head import Answer, Shown
from windvane.console.pages.leaderboard import candidate_url
from windvane.console.scores import MetricScores, metric_scores


@dataclass(frozen=True)
class Member:
    name: str
    algorithm: str
    url: str
    weight: float


@dataclass(frozen=True)
class Transformer:
    column_type: str
    name: str
    description: str


@dataclass(frozen=True, kw_only=True)
class OverviewView(Shown):
    """The tab "Overview" of a candidate.

    rows_per_fold    None if a fold's model learns from all rows
    endpoint         a name to suggest for an endpoint
    trouble          why it was not deployed; "" unless that was tried
    """

    training_s: float | None
    latency_s: float | None
    size_bytes: int | None
    folds: int | None
    rows_per_fold: int | None
    created: datetime | None
    ended: datetime | None
    figures: Sequence[MetricScores]
    why: str
    algorithm_title: str
    algorithm_words: str
    recipe_title: str
    recipe_words: str
    transformers: Sequence[Transformer]
    hyperparameters: Sequence[tuple[str, str]]
    seed: int | None
    notes: Sequence[str]
    members: Sequence[Member]
    is_classifier: bool
    can_deploy: bool
    endpoint: str
    trouble: str


def members_of(answer: Answer) -> list[Member]:
    """Return the heaviest first."""
    job = answer["AutoMLJobName"]
    every = sorted(answer["Candidate"]["Members"], key=lambda one: -one["Weight"])
    return [
        Member(
            one["CandidateName"],
            one.get("Algorithm", ""),
            candidate_url(job, one["CandidateName"]),
            one["Weight"],
        )
        for one in every
    ]


def transformers_of(answer: Answer) -> list[Transformer]:
    return [
        Transformer(one["ColumnType"], one["Name"], one["Description"])
        for one in answer.get("Transformers", ())
    ]


def measures_of(answer: Answer) -> list[MetricScores]:
    return metric_scores(answer["Candidate"], list(answer["MetricNames"]))
