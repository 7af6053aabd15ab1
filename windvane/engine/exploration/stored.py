"""A dataset folder as a report looks at it: columns one at a time and never as texts, and a sample of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import Dataset, read_dataset, read_words
from windvane.engine.data.encoded import EncodedColumn

BLOCK_ROWS = 1 << 18
"""Rows of a column that are worked on at once."""

MOST_SAMPLED = 20_000
"""Rows of the sample that is taken of longer tables where a number need not be exact."""

MEASURED = (ColumnType.NUMERIC, ColumnType.DATETIME)


@dataclass(frozen=True)
class StoredTable:
    """A dataset that is read column by column.

    folder    of the dataset
    """

    folder: Path
    dataset: Dataset

    @classmethod
    def open(cls, folder: Path) -> StoredTable:
        """Open the dataset in a folder.

        raises    CorruptArtifact
        """
        return cls(folder, read_dataset(folder))

    @property
    def analysis(self) -> Analysis:
        return self.dataset.analysis

    @property
    def n_rows(self) -> int:
        return self.analysis.n_rows

    @property
    def y(self) -> NDArray[np.float64]:
        """(n_rows,) target or class index, mapped."""
        return self.dataset.y

    @cached_property
    def by_power(self) -> tuple[ColumnSpec, ...]:
        """The features, those first that tell most of the target; then free text, of which that is not known."""
        return tuple(sorted(self.analysis.features, key=lambda one: -self.power(one.name)))

    @cached_property
    def types(self) -> dict[str, ColumnType]:
        """The types of the features, by name."""
        return {column.name: column.type for column in self.analysis.features}

    def power(self, name: str) -> float:
        """Prediction power, 0 to 1; -1 if it is not known."""
        return float(self.analysis.statistics.get(name, {}).get("prediction_power", -1.0))

    def statistics(self, name: str) -> dict[str, Any]:
        return self.analysis.statistics.get(name, {})

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return (n_rows,) cells of a number or date, mapped; NaN where missing."""
        return self.dataset.columns[name]

    def words(self, name: str) -> EncodedColumn:
        """Cells of a category or text."""
        return read_words(self.folder, self._positions[name], name)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.analysis.columns)}

    @cached_property
    def sampled(self) -> NDArray[np.int64]:
        """Positions of the rows of the sample, rising; all if there are no more."""
        return drawn_rows(self.n_rows, MOST_SAMPLED, self.analysis.seed)


def drawn_rows(n_rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Draw at most `most` positions of rows at random, rising."""
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, most, replace=False))


def of_type(columns: Sequence[ColumnSpec], types: Sequence[ColumnType]) -> list[ColumnSpec]:
    return [column for column in columns if column.type in types]


def text_lengths(column: EncodedColumn) -> NDArray[np.float64]:
    """Return (n_texts + 1,) characters of each distinct text, and NaN for a missing one: to be indexed by codes."""
    lengths = pc.utf8_length(column.texts).to_numpy(zero_copy_only=False)
    return np.append(lengths.astype(np.float64), np.nan)
