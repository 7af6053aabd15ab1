"""A few rows of the training data that a model keeps: they stand for "not known" when its answers are explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from windvane.automl.local.explained import TypedRows
from windvane.engine.data.dataset import Dataset, read_dataset, read_rows, write_dataset
from windvane.engine.splits import SplitKind


def keep_background(dataset: Path, n_rows: int, into: Path) -> None:
    """Write so many rows, drawn at random, as a dataset folder; all rows if there are no more.

    raises    CorruptArtifact
    """
    table = read_dataset(dataset)
    analysis = table.analysis
    training = np.flatnonzero(table.learnable)
    drawn = np.random.default_rng(analysis.seed).permutation(training.size)[:n_rows]
    rows = training[np.sort(drawn)]
    cells = read_rows(dataset, [column.name for column in analysis.features], rows)
    fewer = replace(analysis, n_rows=len(rows), n_repeats=1, split_kind=SplitKind.ROWS)
    write_dataset(Dataset(fewer, cells, table.y[rows], table.folds[rows]), into)


def read_background(folder: Path) -> TypedRows:
    """Return what `keep_background` wrote.

    raises    CorruptArtifact
    """
    table = read_dataset(folder)
    cells = {column.name: table.columns[column.name] for column in table.analysis.features}
    return TypedRows(cells, table.analysis.n_rows)
