"""The record of a model's backtests: what the leaderboard shows, and the forecasts that ensembles are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import floats_in, number_in, text_in
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.metrics import Truth, coverage, score, standard_error
from windvane.engine.manifest import read_json, write_json
from windvane.errors import CorruptArtifact

OUTCOME, FORECASTS, MODEL = "outcome.json", "forecasts.npz", "model"
"""In the folder of a backtest: what it says of a model, its forecasts, and what the model has learned."""


@dataclass(frozen=True)
class ForecastOutcome:
    """The result of a model's backtests.

    metrics         AWS's name -> value over all windows; None where it is not defined
    standard_error  of the objective, over series and windows; None if there are too few
    windows         the objective of each window, the earliest first
    coverage        share of values between the outermost quantiles
    fit_s           seconds that fitting and forecasting took
    """

    name: str
    metrics: Mapping[str, float | None]
    standard_error: float | None
    windows: tuple[float | None, ...]
    coverage: float | None
    fit_s: float

    def loss(self, metric: ForecastMetric) -> float:
        """Return the value of a metric; infinite where it is not defined."""
        value = self.metrics.get(str(metric))
        return float("inf") if value is None else value

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ForecastOutcome:
        """Read an outcome from JSON.

        raises    KeyError, TypeError, ValueError or AttributeError if it is none
        """
        return cls(
            name=text_in(document, "name"),
            metrics={str(k): _number(v) for k, v in document["metrics"].items()},
            standard_error=_number(document["standard_error"]),
            windows=tuple(_number(one) for one in document["windows"]),
            coverage=_number(document["coverage"]),
            fit_s=number_in(document, "fit_s"),
        )


def judged(
    name: str,
    forecasts: Sequence[Forecast],
    truths: Sequence[Truth],
    metric: ForecastMetric,
    fit_s: float,
) -> ForecastOutcome:
    """Return the outcome of a model's forecasts of some windows."""
    forecast, truth = joined(forecasts), joined_truth(truths)
    return ForecastOutcome(
        name=name,
        metrics={str(one): _finite(score(one, forecast, truth)) for one in ForecastMetric},
        standard_error=_finite(standard_error(metric, forecast, truth)),
        windows=tuple(
            _finite(score(metric, one, of)) for one, of in zip(forecasts, truths, strict=True)
        ),
        coverage=_finite(coverage(forecast, truth, truth.asked[0], truth.asked[-1])),
        fit_s=fit_s,
    )


def joined(forecasts: Sequence[Forecast]) -> Forecast:
    """Return the forecasts of several windows as those of one."""
    return Forecast(
        np.concatenate([one.mean for one in forecasts]),
        np.concatenate([one.quantiles for one in forecasts]),
    )


def joined_truth(truths: Sequence[Truth]) -> Truth:
    """Return the truths of several windows as one."""
    return Truth(
        np.concatenate([one.actual for one in truths]),
        np.concatenate([one.scale for one in truths]),
        truths[0].levels,
        truths[0].asked,
    )


def write_outcome(outcome: ForecastOutcome, forecast: Forecast, folder: Path) -> None:
    """Write the record, and the forecasts of all windows."""
    write_arrays(folder / FORECASTS, {"mean": forecast.mean, "quantiles": forecast.quantiles})
    write_json(folder / OUTCOME, outcome.to_json())


def read_outcome(folder: Path) -> ForecastOutcome:
    """Read the outcome of a backtest.

    raises    CorruptArtifact
    """
    try:
        return ForecastOutcome.from_json(read_json(folder / OUTCOME))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptArtifact(f"{folder} holds no outcome: {error!r}.") from error


def read_forecasts(folder: Path) -> Forecast:
    """Read the forecasts of a backtest.

    raises    CorruptArtifact
    """
    arrays = read_arrays(folder / FORECASTS)
    try:
        return Forecast(floats_in(arrays, "mean", 2), floats_in(arrays, "quantiles", 3))
    except ValueError as error:
        raise CorruptArtifact(f"{folder} holds no forecasts: {error}.") from error


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: object) -> float | None:
    if value is None:
        return None
    return number_in({"score": value}, "score")
