"""The column whose groups are kept together, or whose times are kept in order, when rows are split for validation."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.read import RawTable
from windvane.engine.data.times import distinct_texts, is_dictionary, read_times, told_rows
from windvane.engine.splits import SplitKind, Units
from windvane.errors import DataFault

_MISSING = frozenset({"", "nan", "null", "n/a", "<na>", "nat"})

GROUP, TIME = "group", "time"


def read_units(raw: RawTable, problem: ProblemSpec) -> Units | None:
    """Return (n_rows,) the number of each row's group, or the place of its time among all; None if rows are divided by
    lot.

    raises    DataFault naming the first rows without a group or a time, or with a time that cannot be read
    """
    if problem.group_column is not None:
        return _groups(raw.columns[problem.group_column], problem.group_column)
    if problem.time_column is not None:
        return _times(raw.columns[problem.time_column], problem.time_column)
    return None


def settled(units: Units, kind: SplitKind, column: str) -> tuple[Units, int]:
    """Return the units of the rows that are left, counted from 0 without gaps, and how many there are.

    raises    DataFault if they do not divide the rows
    """
    found, numbers = np.unique(units, return_inverse=True)
    n_units, n_rows = found.size, units.size
    if kind is SplitKind.TIME and n_units < 2:
        raise DataFault(
            f"All {n_rows:,} usable rows have the same time in the time column '{column}': no row is later than another. "
            "Choose a column of different times, or leave time_column out."
        )
    if kind is SplitKind.GROUPS and n_units < 2:
        raise DataFault(
            f"All {n_rows:,} usable rows have the same value in the group column '{column}': validation needs at least 2 "
            "groups, one to train on and one to score on. Choose another column, or leave group_column out."
        )
    if kind is SplitKind.GROUPS and n_units == n_rows:
        raise DataFault(
            f"The group column '{column}' has a different value in each of the {n_rows:,} usable rows: there is nothing to "
            "keep together. Choose the column that repeats for rows of one entity, or leave group_column out."
        )
    return numbers.astype(np.int32), n_units


def _groups(cells: pa.ChunkedArray, name: str) -> Units:
    texts, codes = distinct_texts(cells if is_dictionary(cells) else cells.cast(pa.string()))
    is_missing = np.array([text.strip().casefold() in _MISSING for text in texts] + [True])
    _check_all_there(is_missing[codes], GROUP, name)
    return codes.astype(np.int32)


def _times(cells: pa.ChunkedArray, name: str) -> Units:
    """Return the places of numbers, which are in order as they are, or of dates and times."""
    texts, codes = distinct_texts(cells if is_dictionary(cells) else cells.cast(pa.string()))
    is_missing = np.array([text.strip().casefold() in _MISSING for text in texts] + [True])
    _check_all_there(is_missing[codes], TIME, name)
    numbers = _numbers(texts)
    moments = read_times(cells, name, TIME) if numbers is None else numbers[codes]
    return np.unique(moments, return_inverse=True)[1].astype(np.int32)


def _numbers(texts: list[str]) -> NDArray[np.float64] | None:
    """Return the texts as numbers if every one is a finite number, else None."""
    try:
        numbers = np.array([float(text) for text in texts])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _check_all_there(is_missing: NDArray[np.bool_], role: str, name: str) -> None:
    if is_missing.any():
        rows = np.flatnonzero(is_missing)
        have = "row has" if rows.size == 1 else "rows have"
        raise DataFault(
            f"{rows.size:,} {have} no value in the {role} column '{name}': {told_rows(rows)}. Every row needs one: fill "
            "them in, or leave these rows out."
        )
