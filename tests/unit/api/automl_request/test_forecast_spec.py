"""Requests for forecasting jobs become a ForecastSpec; and the grammar of their members, by random ones."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.api.automl_request.forecasts import SERIES, config, filled, request

from windvane.api.automl_request.spec import new_job_v2
from windvane.control.networks import Networks
from windvane.domain.forecasting import (
    Aggregation,
    Fill,
    Filling,
    FillMethod,
    ForecastMetric,
    ForecastSpec,
    quantile_name,
)
from windvane.domain.frequency import MOST_OF, Frequency, Unit
from windvane.domain.job import ApiVersion
from windvane.domain.jobspec import JobSpec, RequestedLimits, SearchSpec
from windvane.errors import InvalidRequest


def spec_of(sent: dict[str, Any]) -> JobSpec:
    return new_job_v2(sent, Networks(())).spec


def test_every_member_has_its_place_in_the_spec() -> None:
    told = config(
        ForecastFrequency="15min",
        ForecastHorizon=96,
        ForecastQuantiles=["p90", "p5", "p50"],
        TimeSeriesConfig={**SERIES, "GroupingAttributeNames": ["region", "kind"]},
        Transformations={
            "Filling": {
                "sales": {
                    "frontfill": "none",
                    "middlefill": "zero",
                    "backfill": "value",
                    "backfill_value": "-2",
                },
                "price": {
                    "middlefill": "nan",
                    "futurefill": "value",
                    "futurefill_value": "25e-1",
                },
            },
            "Aggregation": {"sales": "max"},
        },
        HolidayConfig=[{"CountryCode": "DE"}],
        FeatureSpecificationS3Uri="s3://b/features.json",
        CompletionCriteria={"MaxCandidates": 5, "MaxAutoMLJobRuntimeInSeconds": 600},
        CandidateGenerationConfig={
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets", "arima", "ets"]}]
        },
    )
    made = new_job_v2(request(told, AutoMLJobObjective={"MetricName": "MASE"}), Networks(()))
    assert made.spec.problem == ForecastSpec(
        target="sales",
        timestamp="day",
        item_id="shop",
        group_columns=("region", "kind"),
        horizon=96,
        frequency=Frequency(15, Unit.MINUTE),
        quantiles=(0.05, 0.5, 0.9),
        objective=ForecastMetric.MASE,
        aggregation=Aggregation.MAX,
        filling={
            "sales": Filling(middle=Fill(FillMethod.ZERO), back=Fill(FillMethod.VALUE, -2.0)),
            "price": Filling(future=Fill(FillMethod.VALUE, 2.5)),
        },
        holiday_country="DE",
        feature_specification="s3://b/features.json",
    )
    assert made.spec.limits == RequestedLimits(max_candidates=5, max_runtime_s=600)
    assert made.spec.search == SearchSpec(algorithms=("ets", "log-ets", "arima"))
    assert made.echo.api is ApiVersion.V2
    assert made.echo.members["AutoMLProblemTypeConfig"] == {"TimeSeriesForecastingJobConfig": told}


def test_the_least_has_the_defaults_of_the_reference() -> None:
    assert spec_of(request()).problem == ForecastSpec(
        target="sales",
        timestamp="day",
        item_id="shop",
        horizon=14,
        frequency=Frequency(1, Unit.DAY),
    )
    assert spec_of(request(config(HolidayConfig=[{}]))).forecast.holiday_country is None
    german = request(config(HolidayConfig=[{"CountryCode": "DE"}]))
    assert spec_of(german).forecast.holiday_country == "DE"


PATTERN = str(
    botocore.session.get_session()
    .get_service_model("sagemaker")
    .shape_for("ForecastFrequency")
    .metadata["pattern"]
)
FREQUENCIES = st.builds(
    lambda count, unit: f"{'' if count is None else count}{unit}",
    st.none() | st.integers(0, 70),
    st.sampled_from([*Unit, "S", "h", ""]),
)


@given(FREQUENCIES)
def test_a_frequency_is_one_of_the_service_models_or_refused(text: str) -> None:
    """The rule also takes 'min', which stands for '1min' in the library."""
    is_right = re.fullmatch(PATTERN, text) is not None or text == "min"
    sent = request(config(ForecastFrequency=text))
    if not is_right:
        with pytest.raises(InvalidRequest, match=f"Value '{text}' at "):
            spec_of(sent)
        return
    found = spec_of(sent).forecast.frequency
    assert found is not None
    assert 1 <= found.count <= MOST_OF[found.unit]
    assert Frequency.parse(str(found)) == found


@given(st.sets(st.integers(1, 99), min_size=1, max_size=5))
def test_quantiles_are_levels_in_order_by_the_same_names(percents: set[int]) -> None:
    names = [f"p{percent}" for percent in percents]
    levels = spec_of(request(config(ForecastQuantiles=names))).forecast.quantiles
    assert [quantile_name(level) for level in levels] == [f"p{one}" for one in sorted(percents)]


METHODS = ["nan", "zero", "value", "median", "mean", "min", "max"]


@given(
    st.fixed_dictionaries(
        {},
        optional={part: st.sampled_from(METHODS) for part in ("middlefill", "backfill")},
    ),
    st.integers(-(10**6), 10**6),
)
def test_each_part_is_filled_by_its_own_method(told: dict[str, str], value: int) -> None:
    values = {f"{part}_value": str(value) for part, how in told.items() if how == "value"}
    problem = spec_of(request(filled(sales={"frontfill": "none", **told, **values}))).forecast
    filling = problem.filling["sales"]
    assert filling.front is None
    middle, back = told.get("middlefill", "nan"), told.get("backfill")
    assert filling.middle == Fill(FillMethod(middle), value if middle == "value" else 0)
    assert filling.back == (
        None if back is None else Fill(FillMethod(back), value if back == "value" else 0)
    )
