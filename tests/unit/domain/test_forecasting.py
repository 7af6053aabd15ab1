from dataclasses import replace

import pytest

from windvane.domain.forecasting import (
    Fill,
    Filling,
    FillMethod,
    ForecastSpec,
    check_forecast,
    filling_of,
    quantile_name,
)
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
        ({"group_columns": ("id",)}, "'id' is named twice"),
        ({"group_columns": tuple("abcdef")}, "6 grouping columns; 5 are the most"),
        ({"group_columns": ("g",), "item_id": None}, "name the column of the item identifier"),
        ({"past_covariates": ("x",), "known_covariates": ("x",)}, "'x' is named twice"),
        (
            {"filling": {"y": Filling(back=Fill(FillMethod.VALUE, float("inf")))}},
            "number from -1e[+]60",
        ),
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


def test_fillings_are_named_by_method_or_number():
    made = filling_of("y", {"middle": "zero", "back": 3, "future": "2.5", "front": "nan"})
    assert made == Filling(
        front=Fill(FillMethod.NAN),
        middle=Fill(FillMethod.ZERO),
        back=Fill(FillMethod.VALUE, 3.0),
        future=Fill(FillMethod.VALUE, 2.5),
    )


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"centre": "zero"}, "no part 'centre' to be filled; there are front, middle"),
        ({"middle": "mode"}, "cannot be filled with 'mode'; give a number, or one of nan, zero"),
        ({"middle": "value"}, "'value'"),
    ],
)
def test_fillings_that_there_are_not_are_refused(told, message):
    with pytest.raises(InvalidRequest, match=message):
        filling_of("y", told)
