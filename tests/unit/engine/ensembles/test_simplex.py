import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.ensembles.simplex import minimize_on_simplex


def _problem(seed, n):
    random = np.random.default_rng(seed)
    root = random.normal(size=(n, n + 2))
    return root @ root.T, 3 * random.normal(size=n)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_no_weight_can_be_moved_to_advantage(seed, n):
    curvature, pull = _problem(seed, n)
    weights = minimize_on_simplex(curvature, pull)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    slope = curvature @ weights - pull
    level = slope[weights > 0].mean()
    assert slope[weights > 0] == pytest.approx(np.full((weights > 0).sum(), level), abs=1e-5)
    assert slope.min() >= level - 1e-5


def test_equal_columns_share_their_weight():
    curvature = np.ones((3, 3)) + np.diag([0.0, 0.0, 2.0])
    assert minimize_on_simplex(curvature, np.zeros(3)) == pytest.approx([0.5, 0.5, 0], abs=1e-6)
