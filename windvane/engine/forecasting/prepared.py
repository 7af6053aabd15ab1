"""Series as they are kept in a folder: arrays, what they were made of, and what was found in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from windvane.domain.forecasting import (
    Aggregation,
    Fill,
    Filling,
    FillMethod,
    ForecastMetric,
    ForecastSpec,
    check_forecast,
)
from windvane.domain.frequency import Frequency
from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import floats_in, indices_in, number_in, text_in, texts_in, whole_in
from windvane.engine.data.analysis import Finding
from windvane.engine.data.dates import FORMATS
from windvane.engine.forecasting.forecast import ForecastTask
from windvane.engine.forecasting.grid import Grid
from windvane.engine.forecasting.holidays import read_holidays
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.manifest import check_manifest, read_json, write_json, write_manifest
from windvane.errors import CorruptArtifact, InvalidRequest

_KIND, _ARRAYS, _ABOUT = "series", "series.npz", "series.json"
_WIDE = ("known", "static", "future", "past")
"""Arrays that are not written where they have no columns, or no steps."""

_MOST_CELLS = 2**40
_FURTHEST = 2**35
"""The largest number of steps or seconds from 1970: their products are numbers still."""


@dataclass(frozen=True)
class PreparedSeries:
    """The series of a table, ready to be learnt from.

    spec       with the frequency that was found
    known      how known covariates were encoded
    static     how static columns were, and grouping columns after them
    findings   most severe first
    past       how past covariates were encoded
    time_format
               how times were written (data/times.py)
    """

    panel: Panel
    spec: ForecastSpec
    known: tuple[CovariateEncoding, ...]
    static: tuple[CovariateEncoding, ...]
    findings: tuple[Finding, ...] = ()
    past: tuple[CovariateEncoding, ...] = ()
    time_format: str = ""

    @property
    def task(self) -> ForecastTask:
        season = self.panel.grid.frequency.season
        return ForecastTask(self.spec.horizon, self.spec.levels, season, self.spec.seed)


def write_prepared(prepared: PreparedSeries, folder: Path) -> None:
    """Write into an existing, empty folder."""
    panel = prepared.panel
    arrays: Arrays = {
        "values": panel.values,
        "bounds": panel.bounds,
        "first": panel.first,
        "phase": panel.grid.phase,
        "offset": panel.grid.offset,
        "is_month_end": panel.grid.is_month_end.astype(np.int8),
        **panel.holidays.to_arrays(),
        **{name: getattr(panel, name) for name in _WIDE if getattr(panel, name).size},
    }
    write_arrays(folder / _ARRAYS, arrays)
    about = {
        "items": list(panel.items),
        "spec": spec_to_json(prepared.spec),
        "frequency": str(panel.grid.frequency),
        "known": [one.to_json() for one in prepared.known],
        "static": [one.to_json() for one in prepared.static],
        "past": [one.to_json() for one in prepared.past],
        "holidays": list(panel.holidays.names),
        "time_format": prepared.time_format,
        "findings": [asdict(one) for one in prepared.findings],
    }
    write_json(folder / _ABOUT, about)
    write_manifest(folder, _KIND, {})


def read_prepared(folder: Path) -> PreparedSeries:
    """Return what `write_prepared` wrote.

    raises    CorruptArtifact
    """
    check_manifest(folder, _KIND)
    about, arrays = read_json(folder / _ABOUT), read_arrays(folder / _ARRAYS)
    try:
        known, static, past = (
            tuple(CovariateEncoding.from_json(one) for one in told)
            for told in (about["known"], about["static"], about.get("past", ()))
        )
        panel = _panel(about, arrays, known, static, past)
        findings = tuple(
            Finding(**{**one, "columns": tuple(one["columns"])}) for one in about["findings"]
        )
        spec, written = spec_from_json(about["spec"]), _time_format(about)
        return PreparedSeries(panel, spec, known, static, findings, past, written)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidRequest) as error:
        raise CorruptArtifact(f"{folder} holds no complete series: {error}.") from error


def _time_format(about: Mapping[str, Any]) -> str:
    """Return how times were written; "" also of series from before that was kept.

    raises    ValueError if it is no format
    """
    written = about.get("time_format", "")
    if written not in ("", *FORMATS):
        raise ValueError("'time_format' is no format of times")
    return str(written)


def _panel(
    about: Mapping[str, Any],
    arrays: Arrays,
    known: tuple[CovariateEncoding, ...],
    static: tuple[CovariateEncoding, ...],
    past: tuple[CovariateEncoding, ...],
) -> Panel:
    """Return the panel of saved arrays.

    raises    ValueError for arrays that do not go together
    """
    items = tuple(texts_in(about, "items"))
    n = len(items)
    values = floats_in(arrays, "values", 1, may_be_nan=True)
    bounds = indices_in(arrays, "bounds", 1, _MOST_CELLS)
    if n == 0 or len(bounds) != n + 1 or bounds[0] != 0 or bounds[-1] != len(values):
        raise ValueError("the bounds of its series are not those of its values")
    if (np.diff(bounds) < 1).any():
        raise ValueError("one of its series is empty")
    frequency = Frequency.parse(text_in(about, "frequency"))
    whole = {
        name: indices_in(arrays, name, 1, _FURTHEST, -_FURTHEST)
        for name in ("first", "phase", "offset")
    }
    is_end = indices_in(arrays, "is_month_end", 1, 2)
    if any(len(one) != n for one in (*whole.values(), is_end)):
        raise ValueError("there is no time for each of its series")
    shapes = {
        "known": (len(values), sum(one.width for one in known)),
        "static": (n, sum(one.width for one in static)),
        "future": (n, 0, sum(one.width for one in known)),
        "past": (len(values), sum(one.width for one in past)),
    }
    wide = {name: _wide(arrays, name, shape) for name, shape in shapes.items()}
    grid = Grid(frequency, whole["phase"], whole["offset"], is_end.astype(bool))
    holidays = read_holidays(about, arrays)
    return Panel(
        items,
        values,
        bounds,
        whole["first"],
        grid,
        known=wide["known"],
        static=wide["static"],
        future=wide["future"],
        past=wide["past"],
        holidays=holidays,
    )


def _wide(arrays: Arrays, name: str, shape: tuple[int, ...]) -> Floats:
    """Return an array of rows and columns; of `future` any number of steps.

    raises    ValueError if it is not there and not empty, or of another shape
    """
    if name not in arrays and 0 in shape:
        return np.empty(shape)
    found = floats_in(arrays, name, len(shape), may_be_nan=True)
    if (found.shape[0], found.shape[-1]) != (shape[0], shape[-1]):
        raise ValueError(f"{name!r} has the shape {found.shape}, which is not that of its series")
    return found


_SINCE_GROUPS: Mapping[str, Any] = {
    "group_columns": [],
    "past_covariates": [],
    "holiday_country": None,
    "feature_specification": "",
}
"""What earlier versions did not write."""


def spec_to_json(spec: ForecastSpec) -> dict[str, Any]:
    """Return a spec as JSON, which `spec_from_json` reads."""
    frequency = None if spec.frequency is None else str(spec.frequency)
    return {**asdict(spec), "frequency": frequency}


def spec_from_json(document: Mapping[str, Any]) -> ForecastSpec:
    """Read a specification from JSON.

    raises    KeyError, TypeError, ValueError, InvalidRequest if it is none
    """
    document = {**_SINCE_GROUPS, **document}
    frequency, item_id = document["frequency"], document["item_id"]
    aggregation, country = document["aggregation"], document["holiday_country"]
    spec = ForecastSpec(
        target=text_in(document, "target"),
        timestamp=text_in(document, "timestamp"),
        item_id=None if item_id is None else text_in(document, "item_id"),
        horizon=whole_in(document, "horizon", 1, 10_000),
        frequency=None if frequency is None else Frequency.parse(text_in(document, "frequency")),
        quantiles=tuple(number_in({"q": q}, "q", 0, 1) for q in document["quantiles"]),
        known_covariates=tuple(texts_in(document, "known_covariates")),
        static=tuple(texts_in(document, "static")),
        objective=ForecastMetric(document["objective"]),
        aggregation=None if aggregation is None else Aggregation(aggregation),
        filling={str(name): _filling(one) for name, one in document["filling"].items()},
        group_columns=tuple(texts_in(document, "group_columns")),
        holiday_country=None if country is None else text_in(document, "holiday_country"),
        feature_specification=text_in(document, "feature_specification"),
        past_covariates=tuple(texts_in(document, "past_covariates")),
        seed=whole_in(document, "seed", -(2**63), 2**63),
    )
    check_forecast(spec)
    return spec


def _filling(document: Mapping[str, Any]) -> Filling:
    front, back = document["front"], document["back"]
    return Filling(
        front=None if front is None else _fill(front),
        middle=_fill(document["middle"]),
        back=None if back is None else _fill(back),
        future=_fill(document["future"]),
    )


def _fill(document: Mapping[str, Any]) -> Fill:
    return Fill(FillMethod(document["method"]), number_in(document, "value"))
