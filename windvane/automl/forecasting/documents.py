"""Results of a forecasting job's actions as JSON, for drivers that hand them to other processes or keep them in a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from windvane.automl.forecasting.actions import ForecastResult, SeriesFacts
from windvane.domain.frequency import Frequency
from windvane.engine.checked import number_in, text_in, texts_in, whole_in
from windvane.engine.forecasting.outcomes import ForecastOutcome

_MOST_MODELS = 100
"""As many members as a saved forecaster may have (engine/forecasting/forecaster.py)."""

_MOST_SCORES = 100
_MOST_SERIES, _MOST_VALUES = 10**9, 2**40
_LONGEST_FREQUENCY = 20


def result_to_json(result: ForecastResult) -> dict[str, Any]:
    """Return what an action brought, without what it did not bring."""
    return {
        **({"suited": list(result.suited)} if result.suited else {}),
        **({} if result.series is None else {"series": asdict(result.series)}),
        **({} if result.outcome is None else {"outcome": result.outcome.to_json()}),
        **({"weights": dict(result.weights)} if result.weights else {}),
    }


def result_from_json(document: Mapping[str, Any]) -> ForecastResult:
    """Return what an action brought.

    raises    LookupError, TypeError, ValueError, AttributeError or InvalidRequest if it is none
    """
    suited, weights = texts_in({"suited": [], **document}, "suited"), document.get("weights", {})
    for name, found in (("suited", suited), ("weights", weights)):
        if len(found) > _MOST_MODELS:
            raise ValueError(f"'{name}' has {len(found)} values; {_MOST_MODELS} are the most")
    series, outcome = document.get("series"), document.get("outcome")
    return ForecastResult(
        suited=tuple(suited),
        series=None if series is None else _series(series),
        outcome=None if outcome is None else _outcome(outcome),
        weights={str(name): number_in(weights, name, 0.0, 1.0) for name in weights},
    )


def _series(document: Mapping[str, Any]) -> SeriesFacts:
    frequency = text_in(document, "frequency")[:_LONGEST_FREQUENCY]
    if str(Frequency.parse(frequency)) != frequency:
        raise ValueError(f"{frequency!r} is no frequency")
    return SeriesFacts(
        n_series=whole_in(document, "n_series", 1, _MOST_SERIES),
        n_values=whole_in(document, "n_values", 1, _MOST_VALUES),
        frequency=frequency,
        n_findings=whole_in(document, "n_findings", 0, _MOST_VALUES),
    )


def _outcome(document: Mapping[str, Any]) -> ForecastOutcome:
    for name in ("metrics", "windows"):
        if (n_scores := len(document[name])) > _MOST_SCORES:
            raise ValueError(f"'{name}' has {n_scores} values; {_MOST_SCORES} are the most")
    return ForecastOutcome.from_json(document)
