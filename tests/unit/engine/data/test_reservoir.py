from __future__ import annotations

import numpy as np
import pyarrow as pa

from windvane.engine.data.reservoir import ThinnedRows


def batches(n_rows: int, rare_each: int, size: int = 1000) -> list[pa.RecordBatch]:
    numbers = np.arange(n_rows)
    labels = np.where(numbers % rare_each == 0, "rare", "common")
    table = pa.table({"x": numbers.astype(str), "y": labels})
    return table.to_batches(max_chunksize=size)


def thinned(max_bytes: int, n_rows: int, rare_each: int = 500, seed: int = 0) -> ThinnedRows:
    rows = ThinnedRows(max_bytes, target=1, seed=seed)
    for batch in batches(n_rows, rare_each):
        rows.add(batch)
    return rows


def test_what_fits_is_kept_whole() -> None:
    rows = thinned(10**9, 5000)
    assert rows.table().num_rows == rows.n_seen == 5000
    assert rows.table()["x"].to_pylist() == [str(i) for i in range(5000)]


def test_what_does_not_fit_is_sampled_within_the_bytes() -> None:
    rows = thinned(300_000, 100_000)
    assert rows.n_seen == 100_000
    assert rows.table().nbytes <= 300_000
    assert rows.table().num_rows > 5000


def test_rare_classes_are_kept_whole() -> None:
    labels = thinned(300_000, 100_000).table()["y"].to_pylist()
    assert labels.count("rare") == 200


def test_early_and_late_rows_have_the_same_chance() -> None:
    kept = np.array(thinned(300_000, 100_000, rare_each=10**9).table()["x"].to_pylist(), dtype=int)
    halves = np.array([(kept < 50_000).sum(), (kept >= 50_000).sum()])
    assert abs(halves[0] / halves.sum() - 0.5) < 0.03


def test_the_same_seed_keeps_the_same_rows() -> None:
    first, second = (thinned(300_000, 50_000, seed=4).table() for _ in range(2))
    assert first.equals(second)


def test_a_numeric_target_has_no_classes_to_keep() -> None:
    rows = ThinnedRows(300_000, target=0, seed=0)
    for batch in batches(100_000, 500):
        rows.add(batch)
    assert rows.table().nbytes <= 300_000
    assert rows.table().num_rows > 5000


def test_groups_are_kept_or_left_out_whole() -> None:
    groups = np.random.default_rng(0).integers(0, 5_000, 100_000)
    table = pa.table({"g": groups.astype(str), "y": (groups % 2).astype(str)})
    rows = ThinnedRows(300_000, target=1, seed=0, group=0)
    for batch in table.to_batches(max_chunksize=1000):
        rows.add(batch)
    kept, counts = np.unique(rows.table()["g"].to_numpy().astype(int), return_counts=True)
    assert rows.table().nbytes <= 300_000
    assert 500 < kept.size < 4_500
    np.testing.assert_array_equal(counts, np.bincount(groups)[kept])
