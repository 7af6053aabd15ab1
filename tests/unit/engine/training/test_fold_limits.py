"""On how many folds a candidate is scored."""

from dataclasses import replace

import pytest

from windvane.engine.data.dataset import read_analysis
from windvane.engine.training.fold_limits import ALL_FOLDS, FoldLimits


@pytest.mark.parametrize(
    ("fold_s", "n_folds"), [(0.1, 10), (0.4, 10), (0.41, 5), (2.0, 4), (9.0, 1), (0.0, 10)]
)
def test_the_first_fold_says_how_many_fit(two_classes, fold_s, n_folds):
    analysis = replace(read_analysis(two_classes.dataset), n_folds=5, n_repeats=2)
    limits = FoldLimits(most=10, further_s=8.0, repeat_s=4.0)
    assert limits.n_folds(analysis, fold_s) == n_folds


def test_no_fewer_than_must_be(two_classes):
    analysis = replace(read_analysis(two_classes.dataset), n_folds=5)
    limits = FoldLimits(least=3, further_s=8.0)
    assert limits.n_folds(analysis, 9.0) == 3


def test_without_bounds_they_are_those_of_one_division(two_classes):
    analysis = replace(read_analysis(two_classes.dataset), n_folds=5, n_repeats=2)
    assert ALL_FOLDS.n_folds(analysis, 9.0) == 5
