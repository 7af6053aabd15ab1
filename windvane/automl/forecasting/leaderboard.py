"""The leaderboard of a forecasting job: every model and their average, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from windvane.automl.forecasting.actions import Backtest, Combine, ForecastHistory
from windvane.domain.forecasting import ForecastMetric
from windvane.engine.checked import number_in
from windvane.engine.forecasting.models.catalogue import FLOOR
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.engine.forecasting.stages import ENSEMBLE
from windvane.notes.sentences import reason

LEADERBOARD, ARGUMENTS = "leaderboard.json", "arguments.json"
"""Files of a package: its rows, and the arguments of `AutoForecast` that a specification does not have."""


@dataclass(frozen=True)
class ForecastRow:
    """A model on the leaderboard.

    outcome    None unless it was backtested
    weight     in what answers
    failure    why it was not backtested; "" if it was
    """

    name: str
    outcome: ForecastOutcome | None
    weight: float = 0.0
    failure: str = ""

    def to_json(self) -> dict[str, Any]:
        outcome = None if self.outcome is None else self.outcome.to_json()
        return {**vars(self), "outcome": outcome}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ForecastRow:
        """Read a row from JSON.

        raises    KeyError, TypeError, ValueError or AttributeError if it is none
        """
        outcome = document["outcome"]
        return cls(
            str(document["name"]),
            None if outcome is None else ForecastOutcome.from_json(outcome),
            number_in(document, "weight"),
            str(document["failure"]),
        )


def rows_of(history: ForecastHistory, metric: ForecastMetric) -> list[ForecastRow]:
    """Return the leaderboard of a job: every model that has been tried and their average, best first. Where there is no average, the
    best of them answers, or the floor if there is none."""
    weights = history.weights
    rows = [
        ForecastRow(
            step.action.model,
            step.result.outcome,
            weights.get(step.action.model, 0.0),
            reason(step.failure),
        )
        for step in history.steps
        if isinstance(step.action, Backtest) and not step.status.is_open
    ]
    rows += [
        ForecastRow(ENSEMBLE, step.result.outcome, 1.0)
        for step in history.steps
        if isinstance(step.action, Combine) and step.result.outcome is not None
    ]
    ordered = ranked_rows(rows, metric)
    if weights:
        return ordered
    answering = next((row.name for row in ordered if row.outcome), FLOOR.name)
    return [replace(row, weight=float(row.name == answering)) for row in ordered]


def answering(rows: Sequence[ForecastRow]) -> str:
    """Return the name of the row that answers: the average if there is one, else the best model, or the floor."""
    known = [row.name for row in rows if row.outcome is not None]
    return ENSEMBLE if ENSEMBLE in known else next(iter(known), FLOOR.name)


def board_from_json(document: Mapping[str, Any]) -> tuple[ForecastRow, ...]:
    """Read the rows of a leaderboard.json.

    raises    KeyError, TypeError, ValueError or AttributeError if it is none
    """
    return tuple(ForecastRow.from_json(one) for one in document["candidates"])


def ranked_rows(rows: list[ForecastRow], metric: ForecastMetric) -> list[ForecastRow]:
    """Return those that were backtested, best first, then the others."""

    def position(row: ForecastRow) -> tuple[bool, float, str]:
        loss = float("inf") if row.outcome is None else row.outcome.loss(metric)
        return row.outcome is None, loss, row.name

    return sorted(rows, key=position)
