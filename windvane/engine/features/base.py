"""The contract of feature recipes and of the column transformers they are made of.

A transformer's life: it is made with its column's name and parameters, `fit` learns from training rows alone (or raises
RejectColumn), then `transform` may be called any number of times. What was learnt is JSON and arrays.

A fitted recipe is the serving code too: no DataFrame, no scikit-learn object on the way of a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnType, FloatMatrix, Values

Value = float | str | None
"""One cell: what `Values` holds, as a plain Python object; a missing number is NaN."""


@dataclass(frozen=True)
class Feature:
    """One column of the matrix a recipe makes.

    source        the raw column it comes from, the first if there are several
    cardinality   number of codes if it holds category codes 0, 1, ... (missing and unseen are NaN); else 0
    others        further raw columns it comes from
    of_class      the class that it is a score of, if it is one; scores of one kind come in the order of their classes
    """

    name: str
    source: str
    cardinality: int = 0
    others: tuple[str, ...] = ()
    of_class: int | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Every raw column it comes from."""
        return (self.source, *self.others)


class ColumnTransformer(Protocol):
    """One raw column to some features. `kind` is the name its state is saved under."""

    kind: str

    def fit(self, values: Values, y: NDArray[np.float64] | None) -> None:
        """Learn from training rows: values (n_rows,), y (n_rows,) numeric target or class index.

        raises    RejectColumn, with the reason, if this column is not for it
        """

    def features(self) -> Sequence[Feature]: ...

    def transform(self, values: Values) -> FloatMatrix:
        """Return (n_rows,) to (n_rows, len(features()))."""

    def transform_one(self, value: Value) -> Sequence[float]:
        """Transform one cell to len(features()) numbers; as float32 they equal what `transform` makes of it."""

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what was learnt, as JSON and as arrays (no object arrays)."""

    @classmethod
    def from_state(
        cls, json_state: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ColumnTransformer: ...


class FittedRecipe(Protocol):
    """All columns of a table to one matrix."""

    name: str

    @property
    def features(self) -> Sequence[Feature]: ...

    def takes(self) -> Iterator[tuple[str, frozenset[ColumnType]]]:
        """Return each raw column with the types that it may have."""

    def transform(self, columns: Columns) -> FloatMatrix:
        """Return (n_rows, n_features), missing as NaN where the recipe's learners take NaN."""

    def transform_row(self, values: Mapping[str, Value]) -> FloatMatrix:
        """Return one row, (1, n_features): exactly what `transform` makes of it, in microseconds."""

    def save(self, folder: Path) -> None:
        """recipe.json and recipe.npz into an existing folder."""
