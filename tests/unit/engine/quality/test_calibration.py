import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from windvane.engine.quality.calibration import reliability

rows = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.30000001, 0.7, 1.0]), st.booleans()),
    min_size=2,
    max_size=60,
)


@given(rows)
@settings(max_examples=80, deadline=None)
def test_the_curve_is_that_of_scikit_learn(pairs):
    probabilities, came_true = np.array([p for p, _ in pairs]), np.array([t for _, t in pairs])
    if came_true.all() or not came_true.any():
        return  # scikit-learn refuses rows of one class
    found = reliability(probabilities, came_true)
    observed, predicted = calibration_curve(
        came_true, probabilities, n_bins=10, strategy="quantile"
    )
    assert found.observed == pytest.approx(observed)
    assert found.predicted == pytest.approx(predicted)
    assert found.brier == pytest.approx(oracle.brier_score_loss(came_true, probabilities))


@given(rows)
@settings(max_examples=80, deadline=None)
def test_shares_lie_in_their_intervals_and_rows_in_bins(pairs):
    probabilities, came_true = np.array([p for p, _ in pairs]), np.array([t for _, t in pairs])
    found = reliability(probabilities, came_true)
    assert found.counts.sum() == len(pairs)
    assert ((found.low <= found.observed + 1e-12) & (found.observed <= found.high + 1e-12)).all()
    assert 0 <= found.low.min() <= found.high.max() <= 1
    assert 0 <= found.expected_error <= 1


def test_equal_probabilities_share_a_bin():
    found = reliability(np.full(50, 0.4), np.arange(50) < 10)
    assert found.counts.tolist() == [50]
    assert found.expected_error == pytest.approx(0.2)


def test_exact_probabilities_show_about_the_error_of_chance():
    random = np.random.default_rng(3)
    probabilities = random.random(3_000)
    errors, by_chance = zip(
        *(
            (found.expected_error, found.by_chance)
            for found in (
                reliability(probabilities, random.random(3_000) < probabilities) for _ in range(60)
            )
        ),
        strict=True,
    )
    assert np.mean(errors) == pytest.approx(np.mean(by_chance), rel=0.1)


def test_the_interval_is_wilsons():
    found = reliability(np.full(10, 0.5), np.arange(10) < 3)
    assert (found.low[0], found.high[0]) == pytest.approx((0.1078, 0.6032), abs=1e-4)
