"""Typed columns of a DataFrame, for prediction: one row of many columns costs little more than one of few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from windvane.automl.local.frames import cell_text, cells_of, is_number
from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.numerals import Notation
from windvane.engine.data.parse import parse_cells
from windvane.errors import InvalidRequest

_CELLS_AT_ONCE = 2_000_000
_FEW_ROWS = 4
"""Up to as many, cells are taken out one by one: sooner done than making a column of them."""


class FrameReader:
    """Reads the feature columns among `specs` from DataFrames, found by name; other columns are passed over."""

    def __init__(self, specs: Sequence[ColumnSpec]) -> None:
        self._names = pd.Index([spec.name for spec in specs])
        self._needed = [spec for spec in specs if spec.type.is_feature]
        self._usual = [i for i, spec in enumerate(specs) if spec.type.is_feature]
        self._are_plain = [_is_plain(spec) for spec in self._needed]

    def read(self, frame: pd.DataFrame) -> dict[str, Values]:
        """Return the values of each column, by name.

        raises    InvalidRequest naming what is missing, or the row (from 1) and column of what cannot be read
        """
        positions = self._positions(frame)
        dtypes = frame.dtypes.tolist()
        numeric = {dtype for dtype in set(dtypes) if is_number(dtype)}
        held = [
            is_plain and dtypes[position] in numeric
            for is_plain, position in zip(self._are_plain, positions, strict=True)
        ]
        at = [position for position, is_held in zip(positions, held, strict=True) if is_held]
        numbers = _numbers(frame, at, is_all=len(numeric) == len(set(dtypes)))
        return {
            spec.name: next(numbers) if is_held else parse_cells(_cells_at(frame, position), spec)
            for spec, position, is_held in zip(self._needed, positions, held, strict=True)
        }

    def _positions(self, frame: pd.DataFrame) -> list[int]:
        """Return where the frame has the columns that are needed."""
        if frame.columns.equals(self._names):
            return self._usual
        positions = {str(name): position for position, name in enumerate(frame.columns)}
        missing = [spec.name for spec in self._needed if spec.name not in positions]
        if missing:
            named = ", ".join(f"'{name}'" for name in missing[:5])
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise InvalidRequest(
                f"The DataFrame lacks columns that the model was trained on: {named}{more}."
            )
        return [positions[spec.name] for spec in self._needed]


def _is_plain(spec: ColumnSpec) -> bool:
    """Return whether numbers need no reading: they are what the cells of a file would be read as."""
    return (
        spec.type is ColumnType.NUMERIC
        and not spec.parse.get("missing")
        and Notation.from_json(spec.parse).is_plain
    )


def _numbers(
    frame: pd.DataFrame, positions: Sequence[int], is_all: bool
) -> Iterator[NDArray[np.float64]]:
    """Yield the columns at these positions, infinities as NaN. Many at a time are taken out of the frame: to take one costs
    as much as to take a hundred; and of one row all, for to choose columns costs more than to read them.

    is_all    whether every column of the frame holds numbers
    """
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(frame)))
    for start in range(0, len(positions), at_once):
        some = list(positions[start : start + at_once])
        if len(frame) == 1:
            row = frame.to_numpy(np.float64 if is_all else object)[0]
            values = row[some].astype(np.float64)[:, None]
        else:
            values = np.array(frame.iloc[:, some].to_numpy(np.float64).T, order="C")
        values[~np.isfinite(values)] = np.nan
        yield from values


def _cells_at(frame: pd.DataFrame, position: int) -> list[str | None]:
    if len(frame) > _FEW_ROWS:
        return cells_of(frame.iloc[:, position])
    values: list[Any] = [frame.iat[row, position] for row in range(len(frame))]
    return [None if pd.api.types.is_scalar(v) and pd.isna(v) else cell_text(v) for v in values]
