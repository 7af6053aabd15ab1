from dataclasses import replace

import pytest

from windvane.domain.forecasting import ForecastSpec, check_forecast, quantile_name
from windvane.errors import InvalidRequest

SPEC = ForecastSpec(target="y", timestamp="t", item_id="id", horizon=5)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"horizon": 0}, "horizon is 0"),
        ({"horizon": 501}, "from 1 to 500"),
        ({"quantiles": (0.0, 0.5)}, r"0 must be from 0\.01"),
        ({"quantiles": ()}, "0 quantiles"),
        ({"quantiles": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}, "6 quantiles"),
        ({"known_covariates": ("y",)}, "'y' is named twice"),
        ({"static": ("id",)}, "'id' is named twice"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, told):
    with pytest.raises(InvalidRequest, match=told):
        check_forecast(replace(SPEC, **change))


def test_the_median_is_always_among_the_levels():
    assert replace(SPEC, quantiles=(0.2, 0.9)).levels == (0.2, 0.5, 0.9)
    check_forecast(SPEC)


def test_quantiles_are_named_as_percentiles():
    assert [quantile_name(q) for q in (0.05, 0.5, 0.29, 0.975)] == ["p5", "p50", "p29", "p97.5"]
