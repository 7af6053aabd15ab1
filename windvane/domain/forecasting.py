"""What a forecasting job is asked to learn: columns, horizon, quantiles, objective and how rows become regular series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from windvane.domain.countries import check_country
from windvane.domain.frequency import Frequency
from windvane.domain.problem import MetricName
from windvane.errors import InvalidRequest

MOST_STEPS_AHEAD = 500

LARGEST = 1e60
"""Of the absolute values that series have: sums of their squares, and squares of these, are finite numbers yet."""

"""source    ForecastHorizon in SageMaker's API reference"""

MOST_QUANTILES = 5
"""source    ForecastQuantiles in SageMaker's API reference"""

MOST_GROUP_COLUMNS = 5
"""source    GroupingAttributeNames in SageMaker's API reference"""


CHRONOS_BOLT_FILES = ("config.json", "model.safetensors")
"""What a folder with the weights of Chronos-Bolt holds, as it is published."""


class ForecastMetric(StrEnum):
    """AWS's names of the metrics of forecasts; all of them are losses (domain/problem.py, FORECAST_METRICS)."""

    WQL = "AverageWeightedQuantileLoss"
    MASE = "MASE"
    WAPE = "WAPE"
    RMSE = "RMSE"
    MAPE = "MAPE"

    @property
    def name_in_records(self) -> MetricName:
        """The same metric as records of jobs and candidates name it."""
        return MetricName(self.value)


class Aggregation(StrEnum):
    """The ways in which values become one where rows are finer than the frequency."""

    SUM = "sum"
    AVERAGE = "avg"
    FIRST = "first"
    MIN = "min"
    MAX = "max"


class FillMethod(StrEnum):
    """The substitutes for a missing value. NAN leaves it missing: models bridge it, and metrics leave it out."""

    NAN = "nan"
    ZERO = "zero"
    VALUE = "value"
    MEDIAN = "median"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class Fill:
    """The substitute for missing values.

    value    of FillMethod.VALUE
    """

    method: FillMethod = FillMethod.NAN
    value: float = 0.0


@dataclass(frozen=True)
class Filling:
    """The filling of missing values of one column.

    front    before the first value of a series; of the target from the first step of any series on. None: a series
             begins with its first value, and a covariate is filled as in the middle
    middle   between the values of a series
    back     after the last value of a series; of the target to the last step of any series. None: a series ends with its
             last value, and a covariate is filled as in the middle
    future   in the steps to be forecast, of a known covariate
    """

    front: Fill | None = None
    middle: Fill = Fill()
    back: Fill | None = None
    future: Fill = Fill()


_PARTS = ("front", "middle", "back", "future")


def filling_of(column: str, told: Mapping[str, str | float]) -> Filling:
    """Return how a column is filled, from a method or a number for each of its parts.

    told      'front', 'middle', 'back' or 'future' -> 'zero', 'mean', 'median', 'min', 'max', 'nan' or a number
    raises    InvalidRequest naming the column and what is possible

    >>> filling_of("sales", {"middle": "zero"}).middle.method
    <FillMethod.ZERO: 'zero'>
    """
    unknown = next((part for part in told if part not in _PARTS), None)
    if unknown is not None:
        raise InvalidRequest(
            f"The column '{column}' has no part '{unknown}' to be filled; there are {', '.join(_PARTS)}."
        )
    return Filling(**{part: _fill_of(column, how) for part, how in told.items()})


def _fill_of(column: str, told: str | float) -> Fill:
    methods = [str(one) for one in FillMethod if one is not FillMethod.VALUE]
    if told in methods:
        return Fill(FillMethod(told))
    try:
        return Fill(FillMethod.VALUE, float(told))
    except ValueError:
        raise InvalidRequest(
            f"The column '{column}' cannot be filled with '{told}'; give a number, or one of {', '.join(methods)}."
        ) from None


@dataclass(frozen=True)
class ForecastSpec:
    """The caller's specification of a forecast; what was left open is None and inferred from the data.

    item_id            column that tells series apart; None if the table is one series
    group_columns      further columns that, with `item_id`, tell series apart
    horizon            steps to forecast
    quantiles          levels between 0 and 1, ascending
    known_covariates   columns that are known in advance for the steps to be forecast
    past_covariates    columns that are known for the past alone
    static             columns that are the same for all rows of a series
    aggregation        None: sums where rows are finer than the frequency, but two rows of one series and time are refused
    filling            column -> how it is filled; nothing is filled by default
    holiday_country    ISO 3166 code of two letters; None for no holidays
    feature_specification
                       S3 URI of a file that says which further columns are features; "" for all (the service alone)
    """

    target: str
    timestamp: str
    horizon: int
    item_id: str | None = None
    frequency: Frequency | None = None
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    known_covariates: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    objective: ForecastMetric = ForecastMetric.WQL
    aggregation: Aggregation | None = None
    filling: dict[str, Filling] = field(default_factory=dict)
    group_columns: tuple[str, ...] = ()
    holiday_country: str | None = None
    feature_specification: str = ""
    past_covariates: tuple[str, ...] = ()
    seed: int = 0
    kind: Literal["forecast"] = "forecast"

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles and the median, which point forecasts and their calibration need."""
        return tuple(sorted({*self.quantiles, 0.5}))

    @property
    def roles(self) -> dict[str, str]:
        """Columns that must be there besides the target -> what they are."""
        named = {self.timestamp: "timestamp"}
        if self.item_id is not None:
            named[self.item_id] = "item identifier"
        named |= dict.fromkeys(self.group_columns, "grouping column")
        named |= dict.fromkeys(self.known_covariates, "known covariate")
        named |= dict.fromkeys(self.past_covariates, "past covariate")
        return named | dict.fromkeys(self.static, "static column")

    @property
    def kept_apart(self) -> dict[str, str]:
        """Columns that cannot be features -> what they are."""
        apart = dict.fromkeys(self.group_columns, "a grouping column")
        if self.item_id is not None:
            apart[self.item_id] = "the item identifier"
        return {**apart, self.timestamp: "the timestamp", self.target: "the target"}


def quantile_name(level: float) -> str:
    """Return the name of a quantile's column, in AWS's spelling.

    >>> quantile_name(0.1), quantile_name(0.975)
    ('p10', 'p97.5')
    """
    return f"p{round(100 * level, 6):g}"


def check_forecast(spec: ForecastSpec) -> None:
    """Check that a forecast can be made as it is asked for.

    raises    InvalidRequest for a number out of range, or a column with two roles
    """
    if not 1 <= spec.horizon <= MOST_STEPS_AHEAD:
        raise InvalidRequest(
            f"The horizon is {spec.horizon} steps; it must be from 1 to {MOST_STEPS_AHEAD}."
        )
    levels = spec.quantiles
    if not 1 <= len(levels) <= MOST_QUANTILES or list(levels) != sorted(set(levels)):
        raise InvalidRequest(
            f"There are {len(levels)} quantiles; give 1 to {MOST_QUANTILES} different ones."
        )
    for level in levels:
        if not 0.01 <= level <= 0.99:
            raise InvalidRequest(f"The quantile {level:g} must be from 0.01 (p1) to 0.99 (p99).")
    named = [
        spec.target,
        spec.timestamp,
        *([] if spec.item_id is None else [spec.item_id]),
        *spec.group_columns,
        *spec.known_covariates,
        *spec.past_covariates,
        *spec.static,
    ]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise InvalidRequest(
            f"The column '{twice}' is named twice; target, timestamp, item identifier, grouping columns, known and past "
            "covariates and static columns must be different columns."
        )
    _check_groups(spec)
    _check_filling(spec)
    if spec.holiday_country is not None:
        check_country(spec.holiday_country)


def _check_groups(spec: ForecastSpec) -> None:
    n_columns = len(spec.group_columns)
    if n_columns > MOST_GROUP_COLUMNS:
        raise InvalidRequest(
            f"There are {n_columns} grouping columns; {MOST_GROUP_COLUMNS} are the most."
        )
    if n_columns and spec.item_id is None:
        raise InvalidRequest(
            "Grouping columns tell series of one item apart: name the column of the item identifier, too."
        )


def _check_filling(spec: ForecastSpec) -> None:
    for name, how in spec.filling.items():
        for one in (how.front, how.middle, how.back, how.future):
            if one is not None and not abs(one.value) <= LARGEST:
                raise InvalidRequest(
                    f"The column '{name}' is to be filled with {one.value}; give a number from {-LARGEST:g} to {LARGEST:g}."
                )
