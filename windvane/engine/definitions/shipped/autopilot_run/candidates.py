"""Candidates, how they go out as hyperparameters of training jobs, and what they come back with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

COMPLETED = "Completed"
ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Candidate:
    """A pipeline: a recipe of features, an algorithm, its hyperparameters.

    features   hyperparameters that choose the features: what the recipe's module makes
    ranges     name -> {"low", "high", "log", "integer"} or {"options"}, of those that may be searched
    """

    name: str
    recipe: str
    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    features: dict[str, str]
    ranges: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: int | None = None
    why: str = ""

    def sent(self, folds: int) -> dict[str, str]:
        """Return the hyperparameters of its training job, all of them text."""
        reserved = {**self.features, "_seed": str(self.seed), "_folds": str(folds)}
        if self.rows is not None:
            reserved["_rows"] = str(self.rows)
        return {name: as_text(value) for name, value in self.hyperparameters.items()} | reserved


def as_text(value: Any) -> str:
    """Return texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Result:
    """The result of a candidate.

    score    the objective's value; None if it did not finish
    place    of what was trained: the training job's name, or a folder
    model    S3 URI of its model; "" without a service
    members  of an ensemble
    """

    candidate: Candidate
    status: str
    score: float | None
    place: str
    model: str = ""
    reason: str = ""
    seconds: float = 0.0
    members: tuple[Result, ...] = ()


def ensemble_of(members: Sequence[Result], weights: Sequence[float], number: int) -> Candidate:
    """Return a weighted mean of what candidates of the same columns predict."""
    first = members[0].candidate.features
    told = ", ".join(
        f"{one.candidate.name} ({weight:.3g})" for one, weight in zip(members, weights, strict=True)
    )
    return Candidate(
        name=f"{ENSEMBLE}-{number}",
        recipe="",
        algorithm=ENSEMBLE,
        hyperparameters={},
        seed=0,
        features={name: value for name, value in first.items() if name == "_without"},
        why=f"the mean of {told}",
    )


@dataclass(frozen=True)
class Again:
    """A candidate of the job's leaderboard that was run again.

    before, now    what its training measured: of an ensemble the score of the weights that it has, where the leaderboard's
                   is of each row by weights fitted without it
    """

    name: str
    place: str
    before: float
    now: float


def best_first(results: Iterable[Result], minimize: bool) -> list[Result]:
    """Return those that finished, best first, the earlier of equals; then the others."""
    sign = 1.0 if minimize else -1.0
    return sorted(
        results,
        key=lambda one: (one.score is None, 0.0 if one.score is None else sign * one.score),
    )


def table(results: Iterable[Result], metric: str) -> str:
    """Return the results as lines of text."""
    lines = [f"{'#':>3}  {metric:>22}  {'seconds':>8}  candidate"]
    for number, one in enumerate(results, 1):
        score = one.status if one.score is None else repr(one.score)
        reason = f"  ({one.reason!r})" if one.reason else ""
        lines.append(
            f"{number:>3}  {score:>22}  {one.seconds:>8.1f}  {one.candidate.name}: "
            f"{one.candidate.why}{reason}"
        )
    return "\n".join(lines)
