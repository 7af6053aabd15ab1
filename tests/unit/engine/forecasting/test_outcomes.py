import json

import numpy as np
import pytest

from windvane.domain.forecasting import ForecastMetric
from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.metrics import Truth
from windvane.engine.forecasting.outcomes import (
    judged,
    read_forecasts,
    read_outcome,
    write_outcome,
)
from windvane.errors import CorruptArtifact


def window(seed):
    actual = 10 + np.random.default_rng(seed).normal(size=(5, 3))
    quantiles = np.full((5, 3, 1), 10.0) + np.array([-1.0, 0.0, 1.0])
    return Forecast(np.full((5, 3), 10.0), quantiles), Truth(
        actual, np.ones(5), (0.1, 0.5, 0.9), (0, 1, 2)
    )


def test_an_outcome_has_every_metric_over_all_windows_and_the_objective_of_each(tmp_path):
    (first, truth), (second, truth_2) = window(0), window(1)
    outcome = judged("theta", [first, second], [truth, truth_2], ForecastMetric.WAPE, 1.5)
    assert set(outcome.metrics) == set(ForecastMetric)
    assert outcome.loss(ForecastMetric.WAPE) == pytest.approx(np.mean(outcome.windows), rel=0.02)
    write_outcome(outcome, first, tmp_path)
    assert read_outcome(tmp_path) == outcome
    assert np.array_equal(read_forecasts(tmp_path).quantiles, first.quantiles)


def test_a_metric_that_is_not_defined_is_none_and_last():
    forecast, truth = window(0)
    unknown = Truth(truth.actual, np.full(5, np.nan), truth.levels, truth.asked)
    outcome = judged("theta", [forecast], [unknown], ForecastMetric.WQL, 0.1)
    assert outcome.metrics["MASE"] is None
    assert outcome.loss(ForecastMetric.MASE) == float("inf")


@pytest.mark.parametrize(
    "change", [{"name": 1}, {"metrics": []}, {"fit_s": 10**400}, {"windows": [10**400]}]
)
def test_what_is_no_outcome_is_refused(change, tmp_path):
    forecast, truth = window(0)
    outcome = judged("theta", [forecast], [truth], ForecastMetric.WQL, 0.1)
    (tmp_path / "outcome.json").write_text(json.dumps({**outcome.to_json(), **change}))
    with pytest.raises(CorruptArtifact, match="no outcome"):
        read_outcome(tmp_path)
