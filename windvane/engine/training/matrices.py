"""A features folder: one recipe's fits and the matrices they make of a table.

full/   the recipe as fitted on all rows (but those of a validation set);  fold0/ ... as fitted on the training rows of a fold. Each holds what
        the recipe saves, and matrix.npy: float32 (n_rows, n_features), memory-mapped by those who train

A fit's training rows are encoded as its learner should see them, the other rows as new ones. A fit's folder appears
whole or not at all; those of a recipe need not all be there.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.candidate_io import FULL_FIT, MATRIX, fold_fit
from windvane.engine.columns import Columns, FloatMatrix, Values
from windvane.engine.data.dataset import Dataset
from windvane.engine.features.base import Feature
from windvane.engine.features.plan import (
    fit_recipe,
    fit_transform_recipe,
    gram_tables,
    has_pairs,
    term_tables,
)
from windvane.engine.features.recipe import load_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.features.terms import TermTable
from windvane.engine.training.learning_task import Matrix
from windvane.errors import CorruptArtifact

_BLOCK = 1 << 16
"""Rows compared, or encoded, at once."""

_MANY_ROWS = 500_000
"""From here on a matrix is written block by block, and never held."""


def fit_names(n_folds: int) -> tuple[str, ...]:
    """Return every fit of a recipe, in the order in which training needs them."""
    return *fold_fits(n_folds), FULL_FIT


def fold_fits(n_folds: int) -> tuple[str, ...]:
    """Return those that cross-validation needs."""
    return tuple(fold_fit(fold) for fold in range(n_folds))


@dataclass(frozen=True)
class _Terms:
    """The terms of texts, as RecipeData takes them."""

    tables: Mapping[str, TermTable]
    grams: Mapping[str, TermTable]


def write_fits(dataset: Dataset, recipe: str, fits: Sequence[str], folder: Path) -> None:
    """Fit the recipe once for each of `fits`, on the training rows of that fit alone; each appears in `folder`
    (which is made if need be) when it is whole. Those that are there already stay as they are.

    raises    DataFault if no column is of use
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [fit for fit in fits if not (folder / fit).exists()]
    columns = (dataset.analysis.columns, dataset.columns)
    terms = _Terms(term_tables(*columns), gram_tables(*columns)) if missing else _Terms({}, {})
    for fit in missing:
        if (twin := _twin(dataset, folder, fit)) is not None:
            with _whole(folder, fit) as building:
                shutil.copytree(twin, building, copy_function=os.link, dirs_exist_ok=True)
            continue
        with _whole(folder, fit) as building:
            _write_fit(dataset, recipe, _training(dataset, fit), terms, building)
            _share(building, folder)


def read_matrix(folder: Path, fit: str) -> Matrix:
    """Read the feature matrix of one fit of a recipe.

    raises    CorruptArtifact
    """
    file = folder / fit / MATRIX
    try:
        X = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{file} cannot be read: {error}.") from error
    return Matrix(X, tuple(load_recipe(folder / fit).features))


def _training(dataset: Dataset, fit: str) -> NDArray[np.bool_]:
    """Return (n_rows,) which rows the fit may learn from."""
    if fit == FULL_FIT:
        return dataset.learnable
    folds = range(dataset.analysis.n_fold_fits)
    fold = next(fold for fold in folds if fold_fit(fold) == fit)
    return dataset.split.training(fold)


def _twin(dataset: Dataset, folder: Path, fit: str) -> Path | None:
    """Return a fit that is there and was of the same rows."""
    first = folder / fold_fit(0)
    is_same = fit == FULL_FIT and dataset.analysis.has_validation_set
    return first if is_same and first.exists() else None


@contextmanager
def _whole(folder: Path, fit: str) -> Iterator[Path]:
    """Yield a folder outside of `folder` that becomes `folder`/`fit` when the block ends well, and vanishes
    otherwise."""
    building = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    building.mkdir()
    try:
        yield building
        building.rename(folder / fit)
    except BaseException as error:
        shutil.rmtree(building, ignore_errors=True)
        was_made_meanwhile = isinstance(error, OSError) and (folder / fit).exists()
        if not was_made_meanwhile:
            raise


def _share(building: Path, folder: Path) -> None:
    """Let one file stand for equal matrices of two fits, on disk and in memory: those of columns of numbers differ
    only if their folds taught them different things."""
    for other in sorted(folder.iterdir()):
        if _are_equal(building / MATRIX, other / MATRIX):
            (building / MATRIX).unlink()
            (building / MATRIX).hardlink_to(other / MATRIX)
            return


def _are_equal(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    a, b = (np.load(file, mmap_mode="r").view(np.uint32) for file in (one, other))
    return a.shape == b.shape and all(
        np.array_equal(a[start : start + _BLOCK], b[start : start + _BLOCK])
        for start in range(0, len(a), _BLOCK)
    )


def _write_fit(
    dataset: Dataset,
    name: str,
    training: NDArray[np.bool_],
    terms: _Terms,
    folder: Path,
) -> None:
    analysis = dataset.analysis
    data = RecipeData(
        specs=analysis.columns,
        columns=dataset.columns,
        y=dataset.y,
        n_classes=analysis.n_classes,
        seed=analysis.seed,
        rows=None if training.all() else np.flatnonzero(training),
        tables=terms.tables,
        grams=terms.grams,
        parts=dataset.split.parts,
    )
    if len(training) >= _MANY_ROWS and not has_pairs(name):
        _write_in_blocks(name, data, training, folder)
        return
    recipe, encoded = fit_transform_recipe(name, data)
    recipe.save(folder)
    if training.all():
        np.save(folder / MATRIX, encoded)
        return
    X = _new_matrix(folder, (training.size, encoded.shape[1]))
    X[training] = encoded
    others = np.flatnonzero(~training)
    X[others] = recipe.transform(_taken(dataset.columns, recipe.features, others))


def _write_in_blocks(
    name: str, data: RecipeData, training: NDArray[np.bool_], folder: Path
) -> None:
    """Write a matrix as `_write_fit` does, with a column in memory at a time, and then a block of rows."""
    recipe, encoded = fit_recipe(name, data)
    recipe.save(folder)
    widths = [len(transformer.features()) for _, transformer in recipe.steps]
    X = _new_matrix(folder, (training.size, sum(widths)))
    n_taught = 0
    for start in range(0, training.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = recipe.transform(_taken(data.columns, recipe.features, rows))
        taught = training[rows]
        of_block = slice(n_taught, n_taught + int(taught.sum()))
        for step, part in encoded.items():
            first = sum(widths[:step])
            block[taught, first : first + widths[step]] = part[of_block]
        n_taught = of_block.stop
        X[rows] = block


def _new_matrix(folder: Path, shape: tuple[int, int]) -> FloatMatrix:
    return np.lib.format.open_memmap(folder / MATRIX, mode="w+", dtype=np.float32, shape=shape)


def _taken(
    columns: Columns, features: Sequence[Feature], rows: NDArray[np.int64] | slice
) -> dict[str, Values]:
    used = {source for feature in features for source in feature.sources}
    return {source: columns[source][rows] for source in used}
