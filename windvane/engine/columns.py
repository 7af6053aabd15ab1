"""Typed columns: what kind of thing a column holds, and how its cells are read.

The same `ColumnSpec` reads a training file and a single row sent to an endpoint, so both parse alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ColumnType(StrEnum):
    """The first four names are also those of a feature specification file (domain/features.py). Columns that were left
    out on request are UNUSED."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATETIME = "datetime"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    UNUSED = "unused"

    @property
    def is_feature(self) -> bool:
        return self not in (ColumnType.IDENTIFIER, ColumnType.CONSTANT, ColumnType.UNUSED)


@dataclass(frozen=True)
class ColumnSpec:
    """One column, as decided once when the data were analysed.

    reason   why it has this type, in plain words with counts
    parse    what reading its cells needs, JSON: e.g. {"format": "%Y-%m-%d"} for a date
    """

    name: str
    type: ColumnType
    reason: str
    parse: dict[str, Any] = field(default_factory=dict)


Values = NDArray[Any]
"""The cells of one column, (n_rows,):

NUMERIC      float64, missing as NaN
DATETIME     float64, seconds since 1970-01-01T00:00:00 UTC, missing as NaN
CATEGORICAL  object: str, missing as None
TEXT         object: str, missing as None
"""

Columns = Mapping[str, Values]
"""Feature columns by name, all of the same length."""

FloatMatrix = NDArray[np.float32]
