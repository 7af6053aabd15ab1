"""A features folder: one recipe's fits and the matrices they make of a table.

full/        the recipe as fitted on all rows;  fold0/ ... as fitted on the training rows of a fold
full.npy     float32 (n_rows, n_features), memory-mapped by those who train;  fold0.npy ...

A fit's training rows are encoded as its learner should see them, the other rows as new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, Values
from windvane.engine.data.dataset import Dataset
from windvane.engine.features.base import Feature
from windvane.engine.features.plan import fit_transform_recipe, load_recipe, term_tables
from windvane.engine.features.terms import TermTable
from windvane.engine.outcomes import FULL_FIT, fold_fit
from windvane.engine.training import Matrix
from windvane.errors import CorruptArtifact


def write_matrices(dataset: Dataset, recipe: str, folder: Path) -> None:
    """Fit the recipe on all rows and on each fold's training rows; write into an existing folder.

    raises    DataFault if no column is of use
    """
    tables = term_tables(dataset.analysis.columns, dataset.columns)
    for fit, training in _fits(dataset):
        _write_fit(dataset, recipe, fit, training, tables, folder)


def read_matrix(folder: Path, fit: str) -> Matrix:
    """raises    CorruptArtifact"""
    file = folder / f"{fit}.npy"
    try:
        X = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{file} cannot be read: {error}.") from error
    return Matrix(X, tuple(load_recipe(folder / fit).features))


def _fits(dataset: Dataset) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The name of each fit and its training rows."""
    for fold in range(dataset.analysis.n_folds):
        yield fold_fit(fold), dataset.folds != fold
    yield FULL_FIT, np.ones(dataset.y.size, np.bool_)


def _write_fit(
    dataset: Dataset,
    name: str,
    fit: str,
    training: NDArray[np.bool_],
    tables: Mapping[str, TermTable],
    folder: Path,
) -> None:
    analysis = dataset.analysis
    recipe, encoded = fit_transform_recipe(
        name,
        analysis.columns,
        dataset.columns,
        dataset.y,
        analysis.problem_type,
        analysis.n_classes,
        analysis.seed,
        np.flatnonzero(training),
        tables,
    )
    X = np.lib.format.open_memmap(
        folder / f"{fit}.npy",
        mode="w+",
        dtype=np.float32,
        shape=(training.size, encoded.shape[1]),
    )
    X[training] = encoded
    others = np.flatnonzero(~training)
    if others.size:
        X[others] = recipe.transform(_taken(dataset.columns, recipe.features, others))
    X.flush()
    (folder / fit).mkdir()
    recipe.save(folder / fit)


def _taken(
    columns: Columns, features: Sequence[Feature], rows: NDArray[np.int64]
) -> dict[str, Values]:
    return {source: columns[source][rows] for source in {feature.source for feature in features}}
