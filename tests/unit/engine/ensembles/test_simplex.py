import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.ensembles import simplex
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


def test_a_step_that_leaves_the_simplex_ends_where_the_first_weight_is_gone():
    random = np.random.default_rng(0)
    for n in (2, 3, 3, 5, 5, 8, 8):
        weights = random.dirichlet(np.ones(n))
        wanted = weights + random.normal(size=n)
        wanted[0] = -0.1
        wanted[1] += 1 - wanted.sum()
        found = simplex._as_far_as_possible(weights, wanted, np.ones(n, bool))
        assert found.min() == 0.0, "exactly"
        share = (found - weights)[0] / (wanted - weights)[0]
        assert 0 < share < 1
        assert found == pytest.approx(weights + share * (wanted - weights))


def test_a_step_to_the_edge_goes_all_the_way():
    found = simplex._as_far_as_possible(np.full(2, 0.5), np.array([1.0, 0.0]), np.ones(2, bool))
    assert found.tolist() == [1.0, 0.0]
