"""What the further columns of a table are to its series, where nobody said so: the same for a series, known in advance, or
known for the past alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.domain.features import FeatureSpecification
from windvane.domain.forecasting import FillMethod, ForecastSpec
from windvane.engine.data.times import distinct_texts, is_dictionary, read_times
from windvane.engine.forecasting.grid import Steps
from windvane.engine.forecasting.panel import Floats
from windvane.engine.forecasting.reading import CovariateEncoding, encoded, read_items
from windvane.errors import DataFault

MOST_FEATURES = 50
"""Columns that a job may use which nobody gave a role: each is kept for every row."""


def with_roles(
    columns: Mapping[str, pa.ChunkedArray], spec: ForecastSpec, features: FeatureSpecification
) -> ForecastSpec:
    """Return a specification that gives every further column of a table a role, in place of those that it names.

    A column with one value in each series is static; one that has values in rows after the last value of the target, or whose
    future is to be filled, is known in advance; any other is known for the past alone. What is the same in the whole table is
    left out.

    columns     of the table, as read
    features    which columns are used; names None for all
    raises      DataFault for a column that is not there, or more than MOST_FEATURES
    """
    names = _further(columns, spec, features)
    if not names:
        return replace(spec, known_covariates=(), past_covariates=(), static=())
    items, series = read_items(columns, spec.item_id, spec.group_columns)
    is_ahead = _is_ahead(columns, spec, series, len(items))
    known, past, static = [], [], []
    for name in names:
        cells, filling = _coded(columns[name]), spec.filling.get(name)
        has_future = filling is not None and filling.future.method is not FillMethod.NAN
        if filling is None and _is_constant(cells, series, len(items)):
            if not _is_constant(cells, np.zeros_like(series), 1):
                static.append(name)
        elif has_future or np.isfinite(cells[is_ahead]).any():
            known.append(name)
        else:
            past.append(name)
    return replace(
        spec,
        known_covariates=tuple(known),
        past_covariates=tuple(past),
        static=tuple(static),
    )


def _further(
    columns: Mapping[str, pa.ChunkedArray], spec: ForecastSpec, features: FeatureSpecification
) -> Sequence[str]:
    """Return the columns that are used beside those that make the series."""
    for name in (*features.columns, *spec.filling):
        if name not in columns:
            role = "column to be filled" if name in spec.filling else "feature"
            raise DataFault(f"The {role} '{name}' is no column of the data.")
    names = [name for name in columns if name not in spec.kept_apart and features.uses(name)]
    unused = next((n for n in spec.filling if n != spec.target and n not in names), None)
    if unused is not None:
        raise DataFault(f"The column to be filled '{unused}' is not among the features.")
    if len(names) > MOST_FEATURES:
        raise DataFault(
            f"The data have {len(names):,} further columns; {MOST_FEATURES} are the most that forecasts can use. Name the "
            "features in a feature specification file."
        )
    return names


def _is_ahead(
    columns: Mapping[str, pa.ChunkedArray], spec: ForecastSpec, series: Steps, n_series: int
) -> NDArray[np.bool_]:
    """Return (n_rows,) which rows are later than the last value of their series."""
    seconds = read_times(columns[spec.timestamp], spec.timestamp)
    target = encoded(columns, [CovariateEncoding(spec.target)])[:, 0]
    is_value = np.isfinite(target)
    last = np.full(n_series, np.iinfo(np.int64).max)
    last[np.unique(series[is_value])] = np.iinfo(np.int64).min
    np.maximum.at(last, series[is_value], seconds[is_value])
    ahead: NDArray[np.bool_] = seconds > last[series]
    return ahead


def _coded(column: pa.ChunkedArray) -> Floats:
    """Return (n_rows,) a number for each cell that is another one for another value, NaN where there is none."""
    if not is_dictionary(column) and not pa.types.is_string(column.type):
        numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        return numbers
    _, codes = distinct_texts(column)
    return np.where(codes >= 0, codes, np.nan)


def _is_constant(cells: Floats, series: Steps, n_series: int) -> bool:
    """Return whether no series has two values."""
    has = np.isfinite(cells)
    low, high = np.full(n_series, np.inf), np.full(n_series, -np.inf)
    np.minimum.at(low, series[has], cells[has])
    np.maximum.at(high, series[has], cells[has])
    return bool(np.all(low >= high))
