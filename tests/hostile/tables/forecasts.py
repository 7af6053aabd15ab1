"""What CreateAutoMLJobV2 refuses of forecasting jobs: what the service model does not allow, and what rules do not."""

from __future__ import annotations

from typing import Any

from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.requests import v2_request

_PLACE = "autoMLProblemTypeConfig.timeSeriesForecastingJobConfig"
_FILLING = f"{_PLACE}.transformations.filling"
_SERIES = {
    "TargetAttributeName": "y",
    "TimestampAttributeName": "t",
    "ItemIdentifierAttributeName": "i",
}


def _forecast(name: str, text: str, request: dict[str, Any] | None = None, **members: Any) -> Case:
    config = {
        "ForecastFrequency": "D",
        "ForecastHorizon": 7,
        "TimeSeriesConfig": _SERIES,
        **members,
    }
    problem = {"AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": config}}
    sent = v2_request("new", **problem, **(request or {}))
    return invalid(name, sagemaker("CreateAutoMLJobV2", **sent), text)


def _violation(value: str, place: str, constraint: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{_PLACE}.{place}' failed to satisfy constraint: "
        f"Member must {constraint}"
    )


CASES = (
    _forecast(
        "a horizon of nothing",
        _violation("0", "forecastHorizon", "have value greater than or equal to 1"),
        ForecastHorizon=0,
    ),
    _forecast(
        "a horizon of a lifetime",
        f"Value '2147483647' at '{_PLACE}.forecastHorizon' must be at most 500, and at most a quarter of the time steps in "
        "the data.",
        ForecastHorizon=2**31 - 1,
    ),
    _forecast(
        "a column that is two things",
        "The column 't' is named as TimestampAttributeName and as GroupingAttributeNames; a column can be one of them.",
        TimeSeriesConfig={**_SERIES, "GroupingAttributeNames": ["t"]},
    ),
    _forecast(
        "the identifier filled",
        f"The column 'i' at '{_FILLING}' is named as ItemIdentifierAttributeName: only the target and covariates can be "
        "filled.",
        Transformations={"Filling": {"i": {"middlefill": "zero"}}},
    ),
    _forecast(
        "filled with infinity",
        f"Value '1e999' at '{_FILLING}.y.middlefill_value' is not a number from -1e+60 to 1e+60.",
        Transformations={"Filling": {"y": {"middlefill": "value", "middlefill_value": "1e999"}}},
    ),
    _forecast(
        "holidays of nowhere",
        f"Value 'XX' at '{_PLACE}.holidayConfig.1.member.countryCode' is not supported: there is no calendar of its public "
        "holidays. Give the ISO 3166 code of a country, two capital letters such as 'DE', 'JP' or 'US'.",
        HolidayConfig=[{"CountryCode": "XX"}],
    ),
    _forecast(
        "an algorithm of tables",
        f"Value 'xgboost' at '{_PLACE}.candidateGenerationConfig.algorithmsConfig.1.member.autoMLAlgorithms' is not an "
        "algorithm of time-series forecasting. Choose from: arima, cnn-qr, deepar, ets, npts, prophet.",
        CandidateGenerationConfig={"AlgorithmsConfig": [{"AutoMLAlgorithms": ["xgboost"]}]},
    ),
    _forecast(
        "features at an address that is none",
        f"Value 'https://data/f.json' at '{_PLACE}.featureSpecificationS3Uri' is not of the form s3://BUCKET/KEY.",
        FeatureSpecificationS3Uri="https://data/f.json",
    ),
    _forecast(
        "rows to validate",
        "The member 'dataSplitConfig.validationFraction' must not be set for the time-series forecasting problem type: its "
        "last time steps are what forecasts are validated on.",
        {"DataSplitConfig": {"ValidationFraction": 0.5}},
    ),
    _forecast(
        "an objective of classes",
        "The objective metric F1 does not fit a time-series forecasting problem. Choose one of: "
        "AverageWeightedQuantileLoss, RMSE, MAPE, MASE, WAPE.",
        {"AutoMLJobObjective": {"MetricName": "F1"}},
    ),
)
