from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.data.split import HOLD_OUT
from windvane.engine.data.unit_folds import group_folds, time_folds
from windvane.engine.splits import Split, SplitKind


@st.composite
def units(draw: st.DrawFn) -> np.ndarray:
    sizes = draw(st.lists(st.integers(1, 40), min_size=5, max_size=40))
    made = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(made)


n_folds = st.sampled_from([HOLD_OUT, 2, 3, 5])


@given(units(), n_folds, st.integers(0, 99), st.floats(0.01, 0.99))
def test_no_group_is_on_both_sides_and_no_side_is_empty(
    groups: np.ndarray, n_folds: int, seed: int, share: float
) -> None:
    strata = np.random.default_rng(seed).integers(0, 3, groups.size)
    folds = group_folds(groups, strata, n_folds, seed, share)
    split = Split((folds,), n_folds, SplitKind.GROUPS, groups)
    for fold in range(n_folds):
        validated, training = split.validated(fold), split.training(fold)
        assert validated.any()
        assert training.any()
        assert not set(groups[validated]) & set(groups[training])
    n_validated = sum(split.validated(fold).astype(int) for fold in range(n_folds))
    assert (n_validated == 1).all() if n_folds > 1 else (n_validated <= 1).all()


@given(units(), n_folds, st.floats(0.01, 0.99))
def test_no_row_is_trained_on_that_is_later_than_a_validated_one(
    times: np.ndarray, n_folds: int, share: float
) -> None:
    folds = time_folds(times, n_folds, share)
    n_found = int(folds.max()) + 1
    assert 1 <= n_found <= n_folds
    split = Split((folds,), n_found, SplitKind.TIME, times)
    for fold in range(n_found):
        validated, training = split.validated(fold), split.training(fold)
        assert times[training].max() < times[validated].min()
    n_validated = sum(split.validated(fold).astype(int) for fold in range(n_found))
    assert n_validated.max() == 1
    assert (n_validated[times == times.max()] == 1).all()
    assert (n_validated[times == times.min()] == 0).all()


def test_groups_are_spread_evenly_and_with_their_classes() -> None:
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 200, 4000).astype(np.int32)
    strata = (np.arange(200) % 4 == 0).astype(np.int64)[groups]
    folds = group_folds(groups, strata, 5, 0, 0.2)
    assert np.ptp(np.bincount(folds)) <= 20
    rates = [strata[folds == fold].mean() for fold in range(5)]
    assert np.ptp(rates) < 0.02


def test_a_hold_out_of_groups_is_about_as_large_as_asked_for_though_one_group_is_huge() -> None:
    groups = np.concatenate([np.zeros(5000, np.int32), np.repeat(np.arange(1, 501), 10)])
    held = [
        (group_folds(groups.astype(np.int32), np.zeros(10_000, np.int64), HOLD_OUT, seed, 0.2) == 0)
        for seed in range(5)
    ]
    assert all(0.19 < one.mean() <= 0.2 for one in held)
    assert any((held[0] != one).any() for one in held[1:])


def test_windows_of_distinct_times_have_about_as_many_rows() -> None:
    folds = time_folds(np.arange(600, dtype=np.int32), 5, 0.2)
    assert np.bincount(folds + 1).tolist() == [100] * 6
    assert folds[-1] == 0
    assert folds[0] == -1


def test_few_times_make_few_windows() -> None:
    assert time_folds(np.repeat([0, 1], 50).astype(np.int32), 5, 0.2).max() == 0
    assert time_folds(np.repeat([0, 1, 2], 50).astype(np.int32), 5, 0.2).max() == 1
