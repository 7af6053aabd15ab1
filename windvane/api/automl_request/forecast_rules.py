"""What a request for a forecasting job must fulfil beyond the service model.

The rules read requests of CreateAutoMLJobV2 as v2.py translates them: what the first API knows is in its words, and the
configuration of the problem is where it was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from windvane.api.automl_request.data_rules import FRACTION, MOST_OF_TARGET, kind_of
from windvane.api.automl_request.forecast_algorithms import MODELS_OF
from windvane.api.automl_request.v2 import FORECAST, PROBLEM
from windvane.control.members import Request, called, first, found
from windvane.control.rules import Rule
from windvane.domain.countries import HOLIDAY_COUNTRIES
from windvane.domain.forecasting import LARGEST, MOST_STEPS_AHEAD, Aggregation, FillMethod
from windvane.domain.frequency import Frequency
from windvane.domain.problem import FORECAST_METRICS
from windvane.errors import InvalidRequest

CONFIG = f"{PROBLEM}.{FORECAST}"
SERIES = f"{CONFIG}.TimeSeriesConfig"
FILLING = f"{CONFIG}.Transformations.Filling"
AGGREGATION = f"{CONFIG}.Transformations.Aggregation"
COUNTRY = f"{CONFIG}.HolidayConfig.*.CountryCode"
_ALGORITHMS = "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig"

PARTS = ("frontfill", "middlefill", "backfill", "futurefill")
_VALUE = "_value"

_METHODS = tuple(str(method) for method in FillMethod)
_NONE = "none"

_SINGLE = ("TargetAttributeName", "TimestampAttributeName", "ItemIdentifierAttributeName")
_GROUPS = "GroupingAttributeNames"

_NUMBER = re.compile(r"-?[0-9]+(?:[eE]-?[0-9]{1,3})?")
"""What the service model's pattern leaves of a number: it allows neither a point nor a plus sign."""


def _frequency(request: Request) -> Iterator[str]:
    for place, text in found(request, f"{CONFIG}.ForecastFrequency"):
        try:
            Frequency.parse(text)
        except InvalidRequest as error:
            yield f"Value '{text}' at '{place}' is not supported. {error}"


def _horizon(request: Request) -> Iterator[str]:
    for place, horizon in found(request, f"{CONFIG}.ForecastHorizon"):
        if horizon > MOST_STEPS_AHEAD:
            yield (
                f"Value '{horizon}' at '{place}' must be at most {MOST_STEPS_AHEAD}, and at most a quarter of the time steps in "
                "the data."
            )


def _quantiles(request: Request) -> Iterator[str]:
    for place, names in found(request, f"{CONFIG}.ForecastQuantiles"):
        for name, n_times in Counter(names).items():
            if n_times > 1:
                yield f"Value '{name}' at '{place}' is given {n_times} times: quantiles must be different."


def _columns(request: Request) -> Iterator[str]:
    """Yield what is wrong with the columns that make the series: none can be two things at once."""
    config = first(request, SERIES)
    target = config["TargetAttributeName"]
    if len(target) > MOST_OF_TARGET:
        yield (
            f"TargetAttributeName has {len(target):,} characters; the name of a column can have {MOST_OF_TARGET:,} at most."
        )
    named: dict[str, str] = {}
    single = [(config[member], member) for member in _SINGLE]
    for column, member in (*single, *((column, _GROUPS) for column in config.get(_GROUPS, ()))):
        if column not in named:
            named[column] = member
        elif named[column] == member:
            yield f"The column '{column}' is given twice in {member}."
        else:
            yield (
                f"The column '{column}' is named as {named[column]} and as {member}; a column can be one of them."
            )


def _filling(request: Request) -> Iterator[str]:
    config = first(request, SERIES)
    kept = {config[name]: name for name in _SINGLE[1:]}
    kept |= dict.fromkeys(config.get(_GROUPS, ()), _GROUPS)
    for place, fillings in found(request, FILLING):
        for column, told in fillings.items():
            if column in kept:
                yield (
                    f"The column '{column}' at '{place}' is named as {kept[column]}: only the target and covariates can be "
                    "filled."
                )
            else:
                is_target = column == config["TargetAttributeName"]
                yield from _filled(told, f"{place}.{column}", is_target)


def _filled(told: Mapping[str, str], place: str, is_target: bool) -> Iterator[str]:
    for part in PARTS:
        method, value = told.get(part), told.get(f"{part}{_VALUE}")
        if method is not None:
            yield from _method(part, method, f"{place}.{part}", is_target)
        if value is None and method == FillMethod.VALUE:
            yield f"'{place}' has {part} 'value' without a {part}{_VALUE}, which says what it is filled with."
        if value is not None and method != FillMethod.VALUE:
            yield f"'{place}' has a {part}{_VALUE}, but {part} is not 'value'."
        elif value is not None and not _is_number(value):
            yield (
                f"Value '{value}' at '{place}.{part}{_VALUE}' is not a number from {-LARGEST:g} to {LARGEST:g}."
            )


def _method(part: str, method: str, place: str, is_target: bool) -> Iterator[str]:
    if part == "frontfill":
        if not is_target:
            yield f"The member '{place}' is supported for the target column only."
        elif method != _NONE:
            yield f"Value '{method}' at '{place}' is not supported. The only choice is: {_NONE}."
    elif part == "futurefill" and is_target:
        yield f"The member '{place}' is not supported for the target column: its future is what is forecast."
    elif method not in _METHODS:
        yield f"Value '{method}' at '{place}' is not supported. Choose one of: {', '.join(_METHODS)}."


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and abs(float(text)) <= LARGEST


def _aggregation(request: Request) -> Iterator[str]:
    target = first(request, f"{SERIES}.TargetAttributeName")
    for place, methods in found(request, AGGREGATION):
        for column, method in methods.items():
            if column != target:
                yield (
                    f"The column '{column}' at '{place}' cannot be aggregated: Aggregation is only supported for the target "
                    f"column, '{target}'."
                )
            elif method not in set(Aggregation):
                yield f"Value '{method}' at '{place}' is not supported. Choose one of: {', '.join(Aggregation)}."


def _holidays(request: Request) -> Iterator[str]:
    for place, country in found(request, COUNTRY):
        if country not in HOLIDAY_COUNTRIES:
            yield (
                f"Value '{country}' at '{place}' is not supported: there is no calendar of its public holidays. Give the ISO 3166 "
                "code of a country, two capital letters such as 'DE', 'JP' or 'US'."
            )


def _objective(request: Request) -> Iterator[str]:
    name = first(request, "AutoMLJobObjective.MetricName")
    if name is not None and name not in FORECAST_METRICS:
        yield (
            f"The objective metric {name} does not fit a time-series forecasting problem. Choose one of: "
            f"{', '.join(FORECAST_METRICS)}."
        )


def _algorithms(request: Request) -> Iterator[str]:
    for place, names in found(request, f"{_ALGORITHMS}.*.AutoMLAlgorithms"):
        for name in names:
            if name not in MODELS_OF:
                yield (
                    f"Value '{name}' at '{place}' is not an algorithm of time-series forecasting. Choose from: "
                    f"{', '.join(sorted(MODELS_OF))}."
                )
    for place, config in found(request, _ALGORITHMS):
        if len(config) != 1:
            yield (
                f"The member '{place}' has {len(config)} items; it must have one, with AutoMLAlgorithms: an empty "
                "list of them stands for all."
            )


def _channels(request: Request) -> Iterator[str]:
    channels, place = request["InputDataConfig"], called(request, "inputDataConfig")
    kinds = [kind_of(channel) for channel in channels]
    if kinds != ["training"]:
        yield (
            f"'{place}' has channels of the types [{', '.join(kinds)}]; a forecasting job must have one channel of the type "
            "training: its last time steps are what forecasts are validated on."
        )


def _split(request: Request) -> Iterator[str]:
    for place, _ in found(request, FRACTION):
        yield (
            f"The member '{place}' must not be set for the time-series forecasting problem type: its last time steps are what "
            "forecasts are validated on."
        )


FORECAST_RULES: tuple[Rule, ...] = (
    _channels,
    _split,
    _frequency,
    _horizon,
    _quantiles,
    _columns,
    _filling,
    _aggregation,
    _holidays,
    _objective,
    _algorithms,
)
