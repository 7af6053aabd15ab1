import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.thrift import fit_thrifty_weights
from windvane.engine.ensembles.weights import fit_weights, loss_of


def _models(n_models, seed, n_rows=400):
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    said = y + random.normal(size=(n_models, n_rows)) * random.uniform(0.7, 1.5, (n_models, 1))
    return y, said, random.uniform(0.1, 1, n_models)


@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 7), spare=st.floats(1, 3))
@settings(max_examples=30, deadline=None)
def test_members_keep_within_the_limit(seed, n_models, spare):
    y, said, costs = _models(n_models, seed)
    most = spare * costs.max()
    weights = fit_thrifty_weights(said, y, MetricName.RMSE, costs / most)
    assert costs[weights > 0].sum() <= most
    assert abs(weights.sum() - 1) < 1e-9


def test_a_limit_that_all_keep_changes_nothing():
    y, said, costs = _models(5, 1)
    free = fit_weights(said, y, MetricName.RMSE)
    assert (fit_thrifty_weights(said, y, MetricName.RMSE, costs / 9) == free).all()


def test_choice_is_near_the_best_of_all_subsets():
    for seed in range(5):
        y, said, costs = _models(6, seed)
        most = 1.5 * costs.max()
        weights = fit_thrifty_weights(said, y, MetricName.MSE, costs / most)
        best = min(
            loss_of(
                fit_weights(said[list(some)], y, MetricName.MSE) @ said[list(some)],
                y,
                MetricName.MSE,
            )
            for n in range(1, 7)
            for some in itertools.combinations(range(6), n)
            if costs[list(some)].sum() <= most
        )
        assert loss_of(weights @ said, y, MetricName.MSE) < 1.15 * best
