"""Requests for forecasting jobs."""

from __future__ import annotations

from typing import Any

SERIES = {
    "TargetAttributeName": "sales",
    "TimestampAttributeName": "day",
    "ItemIdentifierAttributeName": "shop",
}


def config(**changes: Any) -> dict[str, Any]:
    """The configuration of a forecast; members that are None are left out."""
    told = {"ForecastFrequency": "D", "ForecastHorizon": 14, "TimeSeriesConfig": SERIES, **changes}
    return {name: value for name, value in told.items() if value is not None}


def request(problem: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k/"}}
    return {
        "AutoMLJobName": "sales",
        "AutoMLJobInputDataConfig": [{"DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "RoleArn": "arn:aws:iam::111122223333:role/windvane",
        "AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": problem or config()},
        **changes,
    }


def filled(**columns: dict[str, str]) -> dict[str, Any]:
    return config(Transformations={"Filling": columns})
