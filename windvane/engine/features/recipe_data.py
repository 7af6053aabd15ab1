"""What a recipe learns from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec, Values
from windvane.engine.features.terms import TermTable
from windvane.engine.splits import N_PARTS, Split


@dataclass(frozen=True)
class RecipeData:
    """A table, and the rows of it that are looked at.

    specs      of all columns; those that are no features are passed over
    y          (n_rows,) target or class index
    n_classes  0 for regression
    seed       of everything random in fitting
    rows       the training rows; all of them if None. No other row is looked at
    tables     the terms of each text column, as `plan.term_tables` found them; without them each text is searched again
    grams      the adjacent characters of a column of texts that is the only feature
    parts      rows, a number of parts, seed -> the part of each row (engine/splits.py, `Split.parts`)
    """

    specs: Sequence[ColumnSpec]
    columns: Columns
    y: NDArray[np.float64]
    n_classes: int
    seed: int
    rows: NDArray[np.int64] | None = None
    tables: Mapping[str, TermTable] = field(default_factory=dict)
    grams: Mapping[str, TermTable] = field(default_factory=dict)
    parts: Callable[[NDArray[np.int64], int, int], NDArray[np.int64]] = Split().parts

    def parts_of_training_rows(self, seed: int, n_parts: int = N_PARTS) -> NDArray[np.int64]:
        """Return the part of each training row, for what each is encoded or judged without."""
        rows = np.arange(len(self.y)) if self.rows is None else self.rows
        return self.parts(rows, n_parts, seed)

    @property
    def targets(self) -> NDArray[np.float64]:
        """The targets of the training rows."""
        return self.y if self.rows is None else self.y[self.rows]

    def values(self, column: str) -> Values:
        """Return the values of a column in the training rows."""
        values = self.columns[column]
        return values if self.rows is None else values[self.rows]
