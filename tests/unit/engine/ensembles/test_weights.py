import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.weights import (
    LEAST_WEIGHT,
    MAX_MEMBERS,
    SHRINKAGE,
    fit_weights,
    loss_of,
)

OBJECTIVES = [MetricName.RMSE, MetricName.MAE, MetricName.LOG_LOSS, MetricName.AUC]


def _said(objective, n_models, *, n_rows=300, seed=0):
    """Target and what models of different skill say of it."""
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    noise = random.normal(size=(n_models, n_rows)) * random.uniform(0.5, 2, (n_models, 1))
    if objective in (MetricName.RMSE, MetricName.MAE):
        return y, y + noise
    return y, 1 / (1 + np.exp(-(1 + y + noise)))


@pytest.mark.parametrize("objective", OBJECTIVES)
@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 16), n_rows=st.integers(5, 80))
@settings(max_examples=25, deadline=None)
def test_weights_are_a_distribution_over_few_members(objective, seed, n_models, n_rows):
    y, said = _said(objective, n_models, n_rows=n_rows, seed=seed)
    weights = fit_weights(said, y, objective)
    assert weights.sum() == pytest.approx(1)
    used = weights[weights > 0]
    assert used.size <= MAX_MEMBERS
    assert used.min() >= LEAST_WEIGHT


@pytest.mark.parametrize("objective", OBJECTIVES)
@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_on_its_own_rows_no_model_does_better_by_more_than_the_pull(objective, seed, n_models):
    n_rows = 400
    y, said = _said(objective, n_models, n_rows=n_rows, seed=seed)
    reached = loss_of(fit_weights(said, y, objective) @ said, y, objective)
    alone = min(loss_of(one, y, objective) for one in said)
    assert reached <= alone + SHRINKAGE / n_rows * max(alone, 1) + LEAST_WEIGHT * n_models


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_permutation_of_the_models_permutes_the_weights(objective):
    y, said = _said(objective, 12)
    order = np.random.default_rng(1).permutation(12)
    weights = fit_weights(said, y, objective)
    assert fit_weights(said[order], y, objective) == pytest.approx(weights[order], abs=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_small_change_of_the_weights_gains_much(objective):
    y, said = _said(objective, 5, n_rows=20_000)
    weights = fit_weights(said, y, objective)
    reached = loss_of(weights @ said, y, objective)
    for one in np.eye(5):
        moved = 0.97 * weights + 0.03 * one
        assert loss_of(moved @ said, y, objective) > reached - 1e-4 * reached


def test_with_many_rows_independent_mistakes_weigh_by_their_precision():
    random = np.random.default_rng(2)
    y = random.normal(size=50_000)
    scales = np.array([1.0, 2.0, 1.5])
    said = y + random.normal(size=(3, y.size)) * scales[:, None]
    expected = scales**-2 / (scales**-2).sum()
    assert fit_weights(said, y, MetricName.MSE) == pytest.approx(expected, abs=0.01)


def test_few_rows_pull_towards_equal_weights():
    y, said = _said(MetricName.RMSE, 3, n_rows=20_000)
    few = fit_weights(said[:, :25], y[:25], MetricName.RMSE)
    many = fit_weights(said, y, MetricName.RMSE)
    assert np.ptp(few) < np.ptp(many)


def test_equal_models_share_the_weight_up_to_the_most_members():
    y, said = _said(MetricName.RMSE, 1)
    random = np.random.default_rng(3)
    copies = np.repeat(said, 16, axis=0) + 0.1 * random.normal(size=(16, y.size))
    weights = fit_weights(copies, y, MetricName.RMSE)
    assert np.count_nonzero(weights) == MAX_MEMBERS


def test_absolute_error_cares_less_for_outliers():
    random = np.random.default_rng(4)
    y = random.normal(size=4000)
    steady, wild = y + random.normal(size=4000), y + 0.5 * random.normal(size=4000)
    wild[:4] += 100
    said = np.stack([steady, wild])
    assert fit_weights(said, y, MetricName.MAE)[1] > 0.7
    assert fit_weights(said, y, MetricName.MSE)[1] < 0.2


def test_a_perfect_model_needs_no_other():
    y, said = _said(MetricName.RMSE, 3)
    said[1] = y
    assert fit_weights(said, y, MetricName.RMSE).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("shared", "stays"), [(0.0, True), (0.7, False)])
def test_a_light_member_stays_if_it_adds_to_what_the_others_say(shared, stays):
    """With either share of the others' error its weight would be 0.05."""
    random = np.random.default_rng(0)
    y = random.normal(size=50_000)
    pair = random.normal(size=(2, y.size))
    own = np.sqrt(0.5 * (1 - shared) / 0.05 - 0.5 * (1 - shared) ** 2) * random.normal(size=y.size)
    said = y + np.stack([*pair, shared * pair.mean(axis=0) + own])
    weights = fit_weights(said, y, MetricName.RMSE)
    assert weights[2] == (pytest.approx(0.05, abs=0.01) if stays else 0)
