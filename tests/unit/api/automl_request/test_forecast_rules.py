"""Each rule of forecasting jobs, and what it says of a request that breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from unit.api.automl_request.forecasts import SERIES, config, filled, request

from windvane.api.automl_request.spec import new_job_v2
from windvane.control.networks import Networks
from windvane.control.rules import MOST_FAULTS
from windvane.errors import InvalidRequest

F = "autoMLProblemTypeConfig.timeSeriesForecastingJobConfig"
FILLING = f"{F}.transformations.filling"
ALGORITHMS = f"{F}.candidateGenerationConfig.algorithmsConfig"
METHODS = "nan, zero, value, median, mean, min, max"


def algorithms(*names: str) -> dict[str, Any]:
    return config(
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": list(names)}]}
    )


BROKEN: list[tuple[dict[str, Any], str]] = [
    (
        request(config(ForecastFrequency="60min")),
        (
            f"Value '60min' at '{F}.forecastFrequency' is not supported. The frequency '60min' is too long for its unit: of "
            "min at most 59 are possible. Use the next larger unit, for example '1H' for 60 minutes."
        ),
    ),
    (
        request(config(ForecastHorizon=501)),
        (
            f"Value '501' at '{F}.forecastHorizon' must be at most 500, and at most a quarter of the time steps in the data."
        ),
    ),
    (
        request(config(ForecastQuantiles=["p10", "p50", "p10"])),
        f"Value 'p10' at '{F}.forecastQuantiles' is given 2 times: quantiles must be different.",
    ),
    (
        request(config(TimeSeriesConfig={**SERIES, "TimestampAttributeName": "sales"})),
        (
            "The column 'sales' is named as TargetAttributeName and as TimestampAttributeName; a column can be one of them."
        ),
    ),
    (
        request(config(TimeSeriesConfig={**SERIES, "GroupingAttributeNames": ["shop"]})),
        (
            "The column 'shop' is named as ItemIdentifierAttributeName and as GroupingAttributeNames; a column can be one of "
            "them."
        ),
    ),
    (
        request(config(TimeSeriesConfig={**SERIES, "GroupingAttributeNames": ["a", "a"]})),
        "The column 'a' is given twice in GroupingAttributeNames.",
    ),
    (
        request(config(TimeSeriesConfig={**SERIES, "TargetAttributeName": "y" * 1025})),
        ("TargetAttributeName has 1,025 characters; the name of a column can have 1,024 at most."),
    ),
    (
        request(filled(shop={"middlefill": "zero"})),
        (
            f"The column 'shop' at '{FILLING}' is named as ItemIdentifierAttributeName: only the target and covariates can be "
            "filled."
        ),
    ),
    (
        request(filled(sales={"frontfill": "zero"})),
        f"Value 'zero' at '{FILLING}.sales.frontfill' is not supported. The only choice is: none.",
    ),
    (
        request(filled(price={"frontfill": "none"})),
        f"The member '{FILLING}.price.frontfill' is supported for the target column only.",
    ),
    (
        request(filled(sales={"futurefill": "mean"})),
        (
            f"The member '{FILLING}.sales.futurefill' is not supported for the target column: its future is what is forecast."
        ),
    ),
    (
        request(filled(price={"middlefill": "none"})),
        f"Value 'none' at '{FILLING}.price.middlefill' is not supported. Choose one of: {METHODS}.",
    ),
    (
        request(filled(price={"backfill": "value"})),
        (
            f"'{FILLING}.price' has backfill 'value' without a backfill_value, which says what it is filled with."
        ),
    ),
    (
        request(filled(price={"backfill": "mean", "backfill_value": "2"})),
        f"'{FILLING}.price' has a backfill_value, but backfill is not 'value'.",
    ),
    (
        request(filled(price={"backfill_value": "2"})),
        f"'{FILLING}.price' has a backfill_value, but backfill is not 'value'.",
    ),
    (
        request(filled(price={"backfill": "value", "backfill_value": "1_0"})),
        f"Value '1_0' at '{FILLING}.price.backfill_value' is not a number from -1e+60 to 1e+60.",
    ),
    (
        request(filled(price={"backfill": "value", "backfill_value": "1e999"})),
        f"Value '1e999' at '{FILLING}.price.backfill_value' is not a number from -1e+60 to 1e+60.",
    ),
    (
        request(config(Transformations={"Aggregation": {"price": "avg"}})),
        (
            f"The column 'price' at '{F}.transformations.aggregation' cannot be aggregated: Aggregation is only supported for "
            "the target column, 'sales'."
        ),
    ),
    (
        request(config(Transformations={"Aggregation": {"sales": "last"}})),
        (
            f"Value 'last' at '{F}.transformations.aggregation' is not supported. Choose one of: sum, avg, first, min, max."
        ),
    ),
    (
        request(config(HolidayConfig=[{"CountryCode": "XX"}])),
        (
            f"Value 'XX' at '{F}.holidayConfig.1.member.countryCode' is not supported: there is no calendar of its public "
            "holidays. Give the ISO 3166 code of a country, two capital letters such as 'DE', 'JP' or 'US'."
        ),
    ),
    (
        request(AutoMLJobObjective={"MetricName": "AUC"}),
        (
            "The objective metric AUC does not fit a time-series forecasting problem. Choose one of: "
            "AverageWeightedQuantileLoss, RMSE, MAPE, MASE, WAPE."
        ),
    ),
    (
        request(algorithms("xgboost")),
        (
            f"Value 'xgboost' at '{ALGORITHMS}.1.member.autoMLAlgorithms' is not an algorithm of time-series forecasting. "
            "Choose from: arima, cnn-qr, deepar, ets, npts, prophet."
        ),
    ),
    (
        request(config(CandidateGenerationConfig={"AlgorithmsConfig": []})),
        (
            f"The member '{ALGORITHMS}' has 0 items; it must have one, with AutoMLAlgorithms: an empty list of them stands for "
            "all."
        ),
    ),
    (
        request(DataSplitConfig={"ValidationFraction": 0.2}),
        (
            "The member 'dataSplitConfig.validationFraction' must not be set for the time-series forecasting problem type: its "
            "last time steps are what forecasts are validated on."
        ),
    ),
    (
        request(
            AutoMLJobInputDataConfig=[
                {**request()["AutoMLJobInputDataConfig"][0], "ChannelType": kind}
                for kind in ("training", "validation")
            ]
        ),
        (
            "'autoMLJobInputDataConfig' has channels of the types [training, validation]; a forecasting job must have one "
            "channel of the type training: its last time steps are what forecasts are validated on."
        ),
    ),
    (
        request(config(FeatureSpecificationS3Uri="https://b/features.json")),
        (
            f"Value 'https://b/features.json' at '{F}.featureSpecificationS3Uri' is not of the form s3://BUCKET/KEY."
        ),
    ),
    (
        request(
            config(
                CompletionCriteria={
                    "MaxAutoMLJobRuntimeInSeconds": 10,
                    "MaxRuntimePerTrainingJobInSeconds": 20,
                }
            )
        ),
        (
            "MaxAutoMLJobRuntimeInSeconds (10) must be equal to or greater than MaxRuntimePerTrainingJobInSeconds (20)."
        ),
    ),
    (
        request(
            AutoMLJobInputDataConfig=[
                {**request()["AutoMLJobInputDataConfig"][0], "ContentType": "image/png"}
            ]
        ),
        (
            "Value 'image/png' at 'autoMLJobInputDataConfig.1.member.contentType' is not supported. Choose one of: "
            "text/csv;header=present, x-application/vnd.amazon+parquet."
        ),
    ),
    (
        request(AutoMLComputeConfig={"EmrServerlessComputeConfig": {"ExecutionRoleARN": "a"}}),
        "The member 'autoMLComputeConfig' is not supported by this server: leave it out.",
    ),
]


@pytest.mark.parametrize(("sent", "message"), BROKEN)
def test_what_breaks_a_rule_is_refused_by_its_place(sent: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        new_job_v2(sent, Networks(()))
    assert str(refused.value) == message


def test_of_hundreds_of_faults_the_first_are_told() -> None:
    columns = {f"c{i}": {"middlefill": "none", "backfill": "none"} for i in range(50)}
    with pytest.raises(InvalidRequest, match=r"There are 80 further faults\.$") as refused:
        new_job_v2(request(filled(**columns)), Networks(()))
    assert str(refused.value).count("is not supported") == MOST_FAULTS


def test_every_fault_is_told_at_once() -> None:
    sent = request(config(ForecastHorizon=900, ForecastQuantiles=["p1", "p1"]))
    with pytest.raises(InvalidRequest, match=r"'900' at .*'p1' at "):
        new_job_v2(sent, Networks(()))
