import numpy as np

from windvane.automl.local.background import keep_background, read_background
from windvane.engine.data.dataset import read_dataset


def test_kept_rows_are_rows_of_the_table(two_classes, tmp_path):
    keep_background(two_classes.dataset, 30, tmp_path / "kept")
    kept, table = read_background(tmp_path / "kept"), read_dataset(two_classes.dataset)
    assert kept.n_rows == 30
    assert set(kept.cells) == {"a", "b", "colour"}
    rows = [int(np.flatnonzero(table.columns["a"] == a)[0]) for a in kept.cells["a"]]
    assert rows == sorted(set(rows))
    np.testing.assert_array_equal(table.columns["colour"][rows], kept.cells["colour"])


def test_a_small_table_is_kept_whole(two_classes, tmp_path):
    keep_background(two_classes.dataset, 10_000, tmp_path / "kept")
    kept = read_background(tmp_path / "kept")
    assert kept.n_rows == read_dataset(two_classes.dataset).analysis.n_rows
