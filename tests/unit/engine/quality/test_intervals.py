import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from windvane.engine.quality.intervals import LEVELS, cross_coverage, fit_intervals


def test_intervals_hold_new_rows_as_often_as_they_say(random_values):
    seen, new = random_values(n_rows=4_000, seed=1), random_values(n_rows=4_000, seed=2)
    intervals = fit_intervals(seen.y, seen.predicted)
    assert intervals.hold(new.y, new.predicted).mean(axis=0) == pytest.approx(LEVELS, abs=0.02)


def test_intervals_widen_where_predictions_are_less_sure(random_values):
    judged = random_values(n_rows=4_000)
    intervals = fit_intervals(judged.y, judged.predicted)
    width = intervals.high - intervals.low
    assert (width[-1] > 2 * width[0]).all()


def test_few_rows_still_get_honest_intervals(judge_values):
    random = np.random.default_rng(5)
    held = []
    for _ in range(300):
        residuals = random.normal(size=61)
        intervals = fit_intervals(residuals[:-1], np.zeros(60))
        held.append(intervals.hold(residuals[-1:], np.zeros(1))[0])
    assert np.mean(held, axis=0) == pytest.approx(LEVELS, abs=0.07)


def test_measured_coverage_tells_when_folds_differ(judge_values):
    random = np.random.default_rng(0)
    folds = np.arange(1_000) % 5
    noise = random.normal(size=1_000)
    alike = cross_coverage(judge_values(np.zeros(1_000), noise, folds=folds))
    shifted = cross_coverage(judge_values(np.zeros(1_000), noise + 10 * (folds == 4), folds=folds))
    assert alike.share == pytest.approx(LEVELS, abs=0.03)
    assert shifted.share[2] < 0.85


def test_coverage_is_never_measured_on_rows_that_intervals_are_made_from(judge_values):
    judged = judge_values(np.zeros(4), [0.0, 0.0, 5.0, 5.0], folds=[0, 0, 1, 1])
    assert cross_coverage(judged).share.tolist() == [0, 0, 0]


def test_a_single_row_has_intervals_but_no_coverage(judge_values):
    judged = judge_values([1.0], [3.0])
    assert fit_intervals(judged.y, judged.predicted).low.tolist() == [[2, 2, 2]]
    assert cross_coverage(judged) is None


def test_equal_predictions_share_a_bin(judge_values):
    intervals = fit_intervals(np.arange(1_000.0), np.full(1_000, 7.0))
    assert len(intervals.low) == 1
    assert intervals.bins(np.array([-1e9, 7.0, 1e9])).tolist() == [0, 0, 0]


@given(st.integers(1, 400), st.integers(1, 5), st.integers(0, 2**32 - 1))
@example(248, 3, 400)
@settings(max_examples=60, deadline=None)
def test_wider_levels_hold_narrower_ones_and_no_bin_is_empty(n_rows, n_values, seed):
    random = np.random.default_rng(seed)
    predicted = random.integers(0, n_values, n_rows).astype(float)
    intervals = fit_intervals(random.normal(size=n_rows), predicted)
    assert (np.diff(intervals.low, axis=1) <= 0).all()
    assert (np.diff(intervals.high, axis=1) >= 0).all()
    assert np.isfinite(intervals.low).all()
    counts = np.bincount(intervals.bins(predicted), minlength=len(intervals.low))
    assert counts.min() > 0
