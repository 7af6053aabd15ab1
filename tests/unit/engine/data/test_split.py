from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.data.split import (
    HOLD_OUT,
    assign_folds,
    choose_n_folds,
    target_strata,
)


def unique_keys(n_rows: int) -> np.ndarray:
    return np.arange(n_rows, dtype=np.uint64)


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Strata of at least two rows each, row keys with copies, folds, seed."""
    sizes = draw(st.lists(st.integers(2, 60), min_size=1, max_size=6))
    strata = np.repeat(np.arange(len(sizes)), sizes)
    seed = draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    n_keys = draw(st.integers(1, 2 * len(strata)))
    keys = rng.integers(0, n_keys, len(strata)).astype(np.uint64) * np.uint64(100)
    order = rng.permutation(len(strata))
    return strata[order], (keys + strata.astype(np.uint64))[order], draw(st.integers(2, 5)), seed


@given(tables())
def test_every_row_is_validated_in_exactly_one_fold(
    table: tuple[np.ndarray, np.ndarray, int, int],
) -> None:
    strata, keys, n_folds, seed = table
    folds = assign_folds(strata, keys, n_folds, seed)
    assert folds.dtype == np.int8
    assert ((folds >= 0) & (folds < n_folds)).all()


@given(tables())
def test_no_stratum_is_missing_from_any_training_part(
    table: tuple[np.ndarray, np.ndarray, int, int],
) -> None:
    strata, keys, n_folds, seed = table
    folds = assign_folds(strata, keys, n_folds, seed)
    for fold in range(n_folds):
        assert set(strata[folds != fold]) == set(strata)


@given(tables())
def test_the_same_seed_gives_the_same_folds(
    table: tuple[np.ndarray, np.ndarray, int, int],
) -> None:
    strata, keys, n_folds, seed = table
    first = assign_folds(strata, keys, n_folds, seed)
    np.testing.assert_array_equal(first, assign_folds(strata, keys, n_folds, seed))


@given(st.lists(st.integers(2, 200), min_size=1, max_size=8), st.integers(2, 5), st.integers(0, 99))
def test_strata_and_folds_are_level_to_one_row(sizes: list[int], n_folds: int, seed: int) -> None:
    strata = np.repeat(np.arange(len(sizes)), sizes)
    folds = assign_folds(strata, unique_keys(len(strata)), n_folds, seed)
    for stratum in range(len(sizes)):
        counts = np.bincount(folds[strata == stratum], minlength=n_folds)
        assert np.ptp(counts) <= 1
    assert np.ptp(np.bincount(folds, minlength=n_folds)) <= 1


def test_copies_share_a_fold_where_copies_are_few() -> None:
    keys = unique_keys(1000)
    keys[500:550] = keys[:50]
    folds = assign_folds(np.zeros(1000, dtype=np.int64), keys, 5, 0)
    np.testing.assert_array_equal(folds[500:550], folds[:50])
    assert np.ptp(np.bincount(folds)) <= 2


@given(st.integers(2, 5000), st.integers(0, 9))
def test_a_hold_out_is_a_fifth_of_every_stratum(n_rows: int, seed: int) -> None:
    strata = np.arange(n_rows) % 2 if n_rows >= 4 else np.zeros(n_rows, dtype=np.int64)
    folds = assign_folds(strata, unique_keys(n_rows), HOLD_OUT, seed)
    assert set(folds) == {0, -1}
    for stratum in set(strata):
        held = (folds[strata == stratum] == 0).sum()
        assert abs(held - 0.2 * (strata == stratum).sum()) <= 1


def test_a_hold_out_has_at_most_fifty_thousand_rows() -> None:
    folds = assign_folds(np.zeros(400_000, dtype=np.int64), unique_keys(400_000), HOLD_OUT, 0)
    assert (folds == 0).sum() == 50_000


@pytest.mark.parametrize(
    ("n_rows", "n_features", "n_folds"),
    [(500, 10, 5), (50_000, 10, 5), (50_001, 10, HOLD_OUT), (9000, 9000, HOLD_OUT)],
)
def test_large_tables_are_split_once(n_rows: int, n_features: int, n_folds: int) -> None:
    assert choose_n_folds(n_rows, n_features) == n_folds


@pytest.mark.parametrize("share", [0.001, 0.1, 0.35, 0.9])
def test_a_share_that_is_asked_for_is_held_out_of_every_class(share: float) -> None:
    strata = np.repeat([0, 1], [3000, 1000])
    folds = assign_folds(strata, unique_keys(4000), HOLD_OUT, 0, share)
    for stratum, n_rows in ((0, 3000), (1, 1000)):
        assert (folds[strata == stratum] == 0).sum() == pytest.approx(share * n_rows, abs=1)
    assert set(folds) == {-1, 0}


def test_a_share_keeps_copies_together() -> None:
    keys = np.arange(1000, dtype=np.uint64)
    keys[500:580] = np.repeat(np.arange(500, 520), 4)
    folds = assign_folds(np.zeros(1000, dtype=np.int64), keys, HOLD_OUT, 3, 0.5)
    for key in range(500, 520):
        assert len(set(folds[keys == key])) == 1


def test_strata_of_a_numeric_target_are_its_deciles() -> None:
    strata = target_strata(np.random.default_rng(0).normal(size=1000), is_classification=False)
    assert np.ptp(np.bincount(strata)) <= 1
    assert len(np.bincount(strata)) == 10


def test_strata_of_a_target_with_one_dominant_value_are_fewer() -> None:
    y = np.r_[np.zeros(950), np.arange(50)].astype(np.float64)
    assert set(target_strata(y, is_classification=False)) <= {0, 1}
