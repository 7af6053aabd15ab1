"""How many folds a search can afford."""

import pytest

from windvane.engine.effort import HOLD_OUT, Effort, choose_n_folds


@pytest.mark.parametrize(
    ("n_rows", "n_features", "n_folds"),
    [
        (500, 10, 5),
        (10_000, 10, 5),
        (10_001, 10, 3),
        (50_001, 10, HOLD_OUT),
        (9000, 9000, HOLD_OUT),
    ],
)
def test_folds_get_fewer_as_tables_grow(n_rows, n_features, n_folds):
    assert choose_n_folds(n_rows, n_features, 2, Effort()) == n_folds


def test_less_time_means_fewer_folds():
    found = [choose_n_folds(8_000, 20, 0, Effort(core_s)) for core_s in (900, 180, 10)]
    assert found == [5, 3, HOLD_OUT]


def test_many_classes_cost_folds():
    assert choose_n_folds(8_000, 20, 2, Effort(450)) > choose_n_folds(8_000, 20, 26, Effort(450))


def test_fewer_candidates_leave_time_for_more_folds():
    assert choose_n_folds(8_000, 20, 2, Effort(90, max_candidates=2)) == 5
    assert choose_n_folds(8_000, 20, 2, Effort(90, max_candidates=250)) == HOLD_OUT


def test_a_fifth_of_a_small_table_says_too_little():
    assert choose_n_folds(2_000, 800, 9, Effort(1)) == 3
