"""What any column transformer owes, as tests: call each with one fitted on `values`, and with other cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.columns import FloatMatrix, Values
from windvane.engine.features.base import ColumnTransformer
from windvane.engine.manifest import read_json, write_json


def rows_one_by_one_give_the_same(
    transformer: ColumnTransformer, cells: Values, folder: Path
) -> None:
    whole = transformer.transform(cells)
    single = [transformer.transform_one(cell) for cell in cells.tolist()]
    assert_same(np.array(single, np.float32).reshape(whole.shape), whole)


def the_matrix_has_the_features_it_names(
    transformer: ColumnTransformer, cells: Values, folder: Path
) -> None:
    made = transformer.transform(cells)
    features = transformer.features()
    assert made.dtype == np.float32
    assert made.shape == (len(cells), len(features))
    assert len({feature.name for feature in features}) == len(features) > 0
    assert not np.isinf(made).any()


def codes_stay_below_the_cardinality(
    transformer: ColumnTransformer, cells: Values, folder: Path
) -> None:
    made = transformer.transform(cells)
    for j, feature in enumerate(transformer.features()):
        if feature.cardinality:
            known = made[~np.isnan(made[:, j]), j]
            assert ((known >= 0) & (known < feature.cardinality) & (known % 1 == 0)).all()


def what_was_saved_and_read_gives_the_same(
    transformer: ColumnTransformer, cells: Values, folder: Path
) -> None:
    state, arrays = transformer.state()
    write_json(folder / "state.json", state)
    write_arrays(folder / "arrays.npz", arrays)
    read = type(transformer).from_state(
        read_json(folder / "state.json"), read_arrays(folder / "arrays.npz")
    )
    assert read.features() == transformer.features()
    assert_same(read.transform(cells), transformer.transform(cells))
    assert read.state()[0] == state


def no_rows_are_no_trouble(transformer: ColumnTransformer, cells: Values, folder: Path) -> None:
    assert transformer.transform(cells[:0]).shape == (0, len(transformer.features()))


def the_cells_are_left_alone(transformer: ColumnTransformer, cells: Values, folder: Path) -> None:
    before = cells.tolist()
    transformer.transform(cells)
    assert str(cells.tolist()) == str(before)


def assert_same(a: FloatMatrix, b: FloatMatrix) -> None:
    """Equal to the last bit, NaN included."""
    np.testing.assert_array_equal(a, b)


CONTRACT: tuple[Callable[[ColumnTransformer, Values, Path], None], ...] = (
    rows_one_by_one_give_the_same,
    the_matrix_has_the_features_it_names,
    codes_stay_below_the_cardinality,
    what_was_saved_and_read_gives_the_same,
    no_rows_are_no_trouble,
    the_cells_are_left_alone,
)
