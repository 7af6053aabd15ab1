from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.engine.splits import Split, SplitKind, honest_parts


@st.composite
def units(draw: st.DrawFn) -> np.ndarray:
    sizes = draw(st.lists(st.integers(1, 12), min_size=2, max_size=30))
    made = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(made)


@given(units(), st.integers(2, 5), st.integers(0, 9))
def test_parts_of_groups_keep_each_group_in_one_part(
    groups: np.ndarray, n_parts: int, seed: int
) -> None:
    rows = np.arange(groups.size)
    parts = Split(kind=SplitKind.GROUPS, units=groups).parts(rows, n_parts, seed)
    assert 1 < np.unique(parts).size <= n_parts
    assert all(np.unique(parts[groups == group]).size == 1 for group in np.unique(groups))


@given(units(), st.integers(2, 5))
def test_parts_in_time_are_stretches(times: np.ndarray, n_parts: int) -> None:
    parts = Split(kind=SplitKind.TIME, units=times).parts(np.arange(times.size), n_parts, 0)
    assert 1 < np.unique(parts).size <= n_parts
    for earlier, later in zip(np.unique(parts), np.unique(parts)[1:], strict=False):
        assert times[parts == earlier].max() < times[parts == later].min()


@pytest.mark.parametrize("kind", list(SplitKind))
def test_rows_of_one_group_or_time_are_divided_by_lot(kind: SplitKind) -> None:
    parts = Split(kind=kind, units=np.zeros(10, np.int32)).parts(np.arange(10), 5, 0)
    assert np.bincount(parts).tolist() == [2] * 5


@given(units(), st.integers(1, 200), st.integers(0, 9))
def test_a_sample_of_groups_has_whole_groups_and_no_more_rows_than_asked_for(
    groups: np.ndarray, n_rows: int, seed: int
) -> None:
    split = Split(kind=SplitKind.GROUPS, units=groups)
    may = groups > 0
    drawn = split.sample(may, n_rows, seed)
    assert not (drawn & ~may).any()
    assert drawn.sum() <= max(n_rows, 0) or (drawn == may).all()
    sizes = np.bincount(groups[may], minlength=groups.max() + 1)[1:]
    if n_rows >= sizes.min():
        assert all(drawn[groups == group].all() for group in np.unique(groups[drawn]))
    assert drawn.any()


def test_a_sample_of_rows_is_the_same_for_the_same_seed() -> None:
    split, may = Split(), np.arange(50) % 3 > 0
    drawn = split.sample(may, 10, 1)
    assert drawn.sum() == 10
    assert not (drawn & ~may).any()
    assert (drawn == split.sample(may, 10, 1)).all()
    assert (drawn != split.sample(may, 10, 2)).any()
    assert (split.sample(may, 40, 1) == may).all()


def test_a_fold_in_time_is_trained_on_earlier_rows_alone() -> None:
    folds = np.array([-1, 1, 0, 1, -1, 0], np.int8)
    split = Split((folds,), 2, SplitKind.TIME, np.array([0, 1, 2, 1, 0, 2], np.int32))
    assert split.training(0).tolist() == [True, True, False, True, True, False]
    assert split.training(1).tolist() == [True, False, False, False, True, False]


def test_parts_of_several_folds_are_the_folds_and_of_one_those_dealt() -> None:
    folds = np.array([0, 1, 0, 1])
    assert honest_parts(folds).tolist() == [0, 1, 0, 1]
    one, dealt = np.zeros(4, int), np.array([3, 3, 1, 1])
    assert honest_parts(one, dealt).tolist() == [3, 3, 1, 1]
    assert honest_parts(one, one).tolist() == [0, 1, 2, 3]


@given(units(), st.sampled_from([SplitKind.GROUPS, SplitKind.TIME]))
def test_parts_of_one_fold_keep_its_units_whole(numbers: np.ndarray, kind: SplitKind) -> None:
    folds = np.where(numbers >= 2, 0, -1).astype(np.int8)
    if np.unique(numbers[folds == 0]).size < 2:
        return
    dealt = Split((folds,), 1, kind, numbers).parts_of_one_fold(7)
    assert dealt is not None
    assert np.unique(dealt[folds == 0]).size > 1
    for unit in np.unique(numbers[folds == 0]):
        assert np.unique(dealt[numbers == unit]).size == 1
