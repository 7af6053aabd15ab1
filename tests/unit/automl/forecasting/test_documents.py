import json

import pytest

from windvane.automl.forecasting.actions import ForecastResult, SeriesFacts
from windvane.automl.forecasting.documents import result_from_json, result_to_json
from windvane.engine.forecasting.outcomes import ForecastOutcome
from windvane.errors import InvalidRequest

OUTCOME = ForecastOutcome("theta", {"MASE": 0.9, "MAPE": None}, None, (0.8, None), 0.8, 1.5)
RESULTS = [
    ForecastResult(),
    ForecastResult(suited=("theta", "ets"), series=SeriesFacts(3, 90, "2W", 2)),
    ForecastResult(outcome=OUTCOME),
    ForecastResult(outcome=OUTCOME, weights={"theta": 0.25, "ets": 0.75}),
]


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_the_same_after_json(result):
    assert result_from_json(json.loads(json.dumps(result_to_json(result)))) == result


@pytest.mark.parametrize(
    "changed",
    [
        {"suited": "theta"},
        {"suited": ["theta"] * 101},
        {"weights": {"theta": 1.5}},
        {"weights": {str(n): 0.001 for n in range(101)}},
        {"series": {"n_series": 0, "n_values": 1, "frequency": "1D", "n_findings": 0}},
        {"series": {"n_series": 1, "n_values": 1, "frequency": "D" * 21, "n_findings": 0}},
        {"series": {"n_series": 1, "n_values": 1, "frequency": "D\nlie", "n_findings": 0}},
        {"series": {"n_series": 1, "n_values": 1, "frequency": "1D\n", "n_findings": 0}},
        {"outcome": {**OUTCOME.to_json(), "windows": [1.0] * 101}},
        {"outcome": {**OUTCOME.to_json(), "metrics": {"MASE": float("nan")}}},
        {"outcome": {"name": "theta"}},
    ],
)
def test_what_is_no_result_is_refused(changed):
    with pytest.raises((LookupError, TypeError, ValueError, AttributeError, InvalidRequest)):
        result_from_json(changed)
