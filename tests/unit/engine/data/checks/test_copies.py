import numpy as np
import pytest

from windvane.engine.data.checks.copies import Copies


def keys(*told):
    return np.array(told, np.uint64)


def test_rows_that_repeat_another_are_counted():
    assert Copies.of(keys(5, 3, 5, 5, 9)).n_copies == 2
    assert Copies.of(keys(5, 3, 5, 5, 9)).sizes().tolist() == [3]
    assert sorted(Copies.of(keys(5, 3, 5, 3, 5, 9)).sizes().tolist()) == [2, 3]


def test_rows_of_groups_that_differ_are_named():
    copies = Copies.of(keys(5, 3, 5, 3, 9))
    assert sorted(copies.differing(np.array([0.0, 1, 2, 1, 7])).tolist()) == [0, 2]


@pytest.mark.parametrize("told", [(1, 2, 3), (7,)])
def test_without_copies_nothing_differs(told):
    copies = Copies.of(keys(*told))
    assert copies.n_copies == 0
    assert copies.differing(np.zeros(len(told))).tolist() == []
