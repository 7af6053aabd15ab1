import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from windvane.engine.quality.curves import (
    MOST_POINTS,
    average_precision,
    gain,
    lift,
    precision_recall,
    ranking,
    roc,
    thinned,
)

tied = st.sampled_from([0.0, 0.1, 0.1000001, 0.25, 0.5, 0.9, 1.0])
rows_of_both = st.lists(st.tuples(tied, st.integers(0, 1)), min_size=2, max_size=40).filter(
    lambda rows: len({y for _, y in rows}) == 2
)


@pytest.fixture(scope="module")
def ranked(judge_two):
    def make(rows):
        positive, y = np.array(rows, float).T
        return ranking(judge_two(positive, y)), positive, y

    return make


@given(rows=rows_of_both)
@settings(max_examples=80, deadline=None)
def test_roc_agrees_with_scikit_learn(ranked, rows):
    found, positive, y = ranked(rows)
    false, true, _ = oracle.roc_curve(y, positive, drop_intermediate=False)
    assert roc(found).x == pytest.approx(false)
    assert roc(found).y == pytest.approx(true)


@given(rows=rows_of_both)
@settings(max_examples=80, deadline=None)
def test_precision_recall_agrees_with_scikit_learn(ranked, rows):
    found, positive, y = ranked(rows)
    precision, recall, _ = oracle.precision_recall_curve(y, positive)
    assert precision_recall(found).x == pytest.approx(recall[::-1])
    assert precision_recall(found).y == pytest.approx(precision[::-1])
    assert average_precision(found) == pytest.approx(oracle.average_precision_score(y, positive))


@given(rows=rows_of_both)
@settings(max_examples=80, deadline=None)
def test_gain_never_falls_and_ends_with_all_positive_rows(ranked, rows):
    found, _, _ = ranked(rows)
    gained, lifted = gain(found), lift(found)
    assert (np.diff(gained.y) >= -1e-12).all()
    assert gained.y.min() >= 0
    assert gained.y[-1] == pytest.approx(1)
    assert lifted.y[-1] == pytest.approx(1)


def test_gain_of_rows_in_perfect_order_is_found_by_hand(judge_two):
    y = np.repeat([1, 0], [2, 8])
    gained = gain(ranking(judge_two(np.linspace(0.9, 0.1, 10), y)))
    assert gained.y == pytest.approx([0.5] + [1.0] * 9)


def test_gain_of_equal_probabilities_is_that_of_drawing_by_lot(judge_two):
    gained = gain(ranking(judge_two(np.full(40, 0.3), np.arange(40) < 7)))
    assert gained.y == pytest.approx(gained.x)
    assert lift(ranking(judge_two(np.full(40, 0.3), np.arange(40) < 7))).y == pytest.approx(1)


def test_rows_of_one_class_have_no_area(judge_two):
    assert np.isnan(average_precision(ranking(judge_two([0.1, 0.9], [1, 1]))))
    assert not ranking(judge_two([0.1, 0.9], [0, 0])).has_both


def test_a_long_curve_is_thinned_without_losing_its_shape(random_two):
    full = roc(ranking(random_two(n_rows=20_000, digits=9)))
    few = thinned(full)
    assert few.x.size <= MOST_POINTS
    assert (few.x[0], few.y[0], few.x[-1], few.y[-1]) == (0, 0, 1, 1)
    assert np.abs(np.interp(full.x, few.x, few.y) - full.y).max() < 0.02
    assert np.trapezoid(few.y, few.x) == pytest.approx(np.trapezoid(full.y, full.x), abs=1e-3)


@given(st.integers(2, 2000), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_thinned_points_are_points_of_the_curve(judge_two, n_rows, seed):
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n_rows)
    assume(np.unique(y).size == 2)
    full = precision_recall(ranking(judge_two(random.random(n_rows), y)))
    few = thinned(full)
    assert set(zip(few.x, few.y, strict=True)) <= set(zip(full.x, full.y, strict=True))
    assert few.x.size <= MOST_POINTS
    assert (few.x[0], few.x[-1]) == (full.x[0], full.x[-1])
