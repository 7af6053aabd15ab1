import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.engine.ensembles import constrained
from windvane.engine.ensembles.constrained import fit_thrifty_weights
from windvane.engine.ensembles.losses import SquaredError
from windvane.engine.ensembles.weights import fit_weights

N_ROWS = 400


def _models(n_models, seed, n_rows=N_ROWS):
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    said = y + random.normal(size=(n_models, n_rows)) * random.uniform(0.7, 1.5, (n_models, 1))
    return SquaredError(said - y), random.uniform(0.1, 1, n_models)


@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 7), spare=st.floats(1, 3))
@settings(max_examples=30, deadline=None)
def test_members_keep_within_the_limit(seed, n_models, spare):
    loss, costs = _models(n_models, seed)
    most = spare * costs.max()
    weights = fit_thrifty_weights(loss, N_ROWS, costs / most)
    assert costs[weights > 0].sum() <= most
    assert abs(weights.sum() - 1) < 1e-9


def test_a_limit_that_all_keep_changes_nothing():
    loss, costs = _models(5, 1)
    assert (fit_thrifty_weights(loss, N_ROWS, costs / 9) == fit_weights(loss)).all()


def test_what_others_would_cost_does_not_matter_where_the_members_keep_the_limit():
    """The mistakes of the first and of the last, which is the worst alone, cancel each other."""
    random = np.random.default_rng(0)
    mistakes = random.normal(size=3_000)
    others = mistakes + random.normal(size=(10, 3_000))
    loss = SquaredError(np.stack([mistakes, *others, -1.5 * mistakes]))
    costs = np.array([0.5, *[1.0] * 10, 0.5])
    weights = fit_thrifty_weights(loss, 3_000, costs)
    assert np.flatnonzero(weights).tolist() == [0, 11]
    assert (weights == fit_weights(loss)).all()


def test_two_that_cost_all_that_there_is_are_within_the_limit():
    errors = np.random.default_rng(0).normal(size=(3, N_ROWS))
    weights = fit_thrifty_weights(SquaredError(errors), N_ROWS, np.full(3, 0.5))
    assert np.count_nonzero(weights) == 2


def test_who_is_left_out_loses_least_for_what_it_costs():
    lost = {frozenset({0, 1}): 1.0, frozenset({0}): 1.1, frozenset({1}): 1.2}
    left = constrained._without_one(frozenset({0, 1}), lost.__getitem__, np.array([0.5, 0.1]))
    assert left == {1}


def test_members_that_are_as_good_as_any_stay():
    stayed = constrained._improved(
        frozenset({2}), lambda _: 1.0, lambda one: len(one) < 2, range(3)
    )
    assert stayed == {2}


def test_choice_is_near_the_best_of_all_subsets():
    for seed in range(5):
        loss, costs = _models(6, seed)
        most = 1.5 * costs.max()
        weights = fit_thrifty_weights(loss, N_ROWS, costs / most)
        best = min(
            _lost(loss, fit_weights(loss, np.array(some)))
            for n in range(1, 7)
            for some in itertools.combinations(range(6), n)
            if costs[list(some)].sum() <= most
        )
        assert _lost(loss, weights) < 1.15 * best


def _lost(loss, weights):
    used = np.flatnonzero(weights)
    return loss.of(used, weights[used])
