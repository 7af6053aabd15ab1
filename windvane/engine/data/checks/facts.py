"""What checks look at, and the words in which they tell what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnType
from windvane.engine.data.checks.copies import Copies
from windvane.engine.data.predictive_power import Powers
from windvane.engine.data.target import Target
from windvane.engine.data.typed import TypedColumn
from windvane.engine.splits import SplitKind


@dataclass(frozen=True)
class RowKeys:
    """Of n_rows each; equal for rows that are equal in

    everything   all cells
    learned      all cells but those of identifiers: to a model they are one row
    features     the same without the target
    """

    everything: NDArray[np.uint64]
    learned: NDArray[np.uint64]
    features: NDArray[np.uint64]


@dataclass(frozen=True)
class TableFacts:
    """A table as its checks see it.

    columns       all but the target
    target_digest    as TypedColumn.codes_digest, of the target
    target_numbers   as in Analysis.statistics, of a numeric target
    folds            as in Dataset
    n_rows_kept      rows after sampling, before rows without a target were dropped
    n_weightless     rows of weight 0, which were dropped
    n_unweighted     rows without a valid weight, which were dropped too; unweighted: what stands there instead
    weight           the column of weights; "" if there is none
    has_validation_set
                     fold 0 is a validation set of its own
    split_kind       what folds keep together or in order
    """

    columns: Sequence[TypedColumn]
    target_name: str
    target: Target
    target_digest: bytes
    target_numbers: dict[str, Any]
    keys: RowKeys
    folds: NDArray[np.int8]
    n_rows_kept: int
    n_rows_read: int
    powers: Powers
    n_weightless: int = 0
    n_unweighted: int = 0
    unweighted: tuple[str, ...] = ()
    weight: str = ""
    has_validation_set: bool = False
    split_kind: SplitKind = SplitKind.ROWS

    @property
    def n_rows(self) -> int:
        return len(self.folds)

    @cached_property
    def copies(self) -> Copies:
        return Copies.of(self.keys.everything)

    @cached_property
    def learned_copies(self) -> Copies:
        if self.keys.learned is self.keys.everything:
            return self.copies
        return Copies.of(self.keys.learned)

    @cached_property
    def feature_copies(self) -> Copies:
        return Copies.of(self.keys.features)

    def repeats(self, column: TypedColumn) -> bool:
        """Return whether values recur; columns that are different in every row all tell the rows apart alike."""
        return bool(column.statistics["distinct"] < 0.5 * self.n_rows)

    def copies_target(self, column: TypedColumn) -> bool:
        return column.codes_digest == self.target_digest and self.repeats(column)

    def of_type(self, *types: ColumnType) -> list[TypedColumn]:
        return [column for column in self.columns if column.spec.type in types]


def names(columns: Sequence[TypedColumn]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)
