import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.ensembles import weights as module
from windvane.engine.ensembles.losses import SHRINKAGE, loss_for
from windvane.engine.ensembles.weights import LEAST_WEIGHT, MAX_MEMBERS, fit_weights

OBJECTIVES = [MetricName.RMSE, MetricName.MAE, MetricName.LOG_LOSS, MetricName.AUC]


def _loss(objective, n_models, *, n_rows=300, seed=0):
    """The loss of models of different skill."""
    y, predictions = _models(objective, n_models, n_rows=n_rows, seed=seed)
    return loss_for(predictions, y, objective)


def _models(objective, n_models, *, n_rows=300, seed=0):
    """Target and what models say of it: values, or probabilities of three classes."""
    random = np.random.default_rng(seed)
    skill = random.uniform(0.5, 2, (n_models, 1))
    if objective in (MetricName.RMSE, MetricName.MAE):
        y = random.normal(size=n_rows)
        return y, list(y + random.normal(size=(n_models, n_rows)) * skill)
    y = random.integers(0, 3, n_rows).astype(float)
    scores = 2 * np.eye(3)[y.astype(int)] + skill[..., None] * random.normal(
        size=(n_models, n_rows, 3)
    )
    powers = np.exp(scores)
    return y, list(powers / powers.sum(axis=2, keepdims=True))


def _lost(loss, weights):
    used = np.flatnonzero(weights)
    return loss.of(used, weights[used])


def _alone(loss, model):
    return loss.of(np.array([model]), np.ones(1))


@pytest.mark.parametrize("objective", OBJECTIVES)
@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 16), n_rows=st.integers(5, 80))
@settings(max_examples=25, deadline=None)
def test_weights_are_a_distribution_over_few_members(objective, seed, n_models, n_rows):
    weights = fit_weights(_loss(objective, n_models, n_rows=n_rows, seed=seed))
    assert weights.sum() == pytest.approx(1)
    used = weights[weights > 0]
    assert used.size <= MAX_MEMBERS
    assert used.min() >= LEAST_WEIGHT


@pytest.mark.parametrize("objective", OBJECTIVES)
@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_on_its_own_rows_no_model_does_better_by_more_than_the_pull(objective, seed, n_models):
    n_rows = 400
    loss = _loss(objective, n_models, n_rows=n_rows, seed=seed)
    reached = _lost(loss, fit_weights(loss))
    alone = min(_alone(loss, model) for model in range(n_models))
    assert reached <= alone + SHRINKAGE / n_rows * max(alone, 1) + LEAST_WEIGHT * n_models


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_permutation_of_the_models_permutes_the_weights(objective):
    y, predictions = _models(objective, 12)
    order = np.random.default_rng(1).permutation(12)
    weights = fit_weights(loss_for(predictions, y, objective))
    permuted = fit_weights(loss_for([predictions[i] for i in order], y, objective))
    assert permuted == pytest.approx(weights[order], abs=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_small_change_of_the_weights_gains_much(objective):
    loss = _loss(objective, 5, n_rows=20_000)
    weights = fit_weights(loss)
    reached = _lost(loss, weights)
    for one in np.eye(5)[weights > 0]:
        moved = 0.97 * weights + 0.03 * one
        assert _lost(loss, moved) > reached - 1e-4 * reached


def test_with_many_rows_independent_mistakes_weigh_by_their_precision():
    random = np.random.default_rng(2)
    y = random.normal(size=50_000)
    scales = np.array([1.0, 2.0, 1.5])
    said = y + random.normal(size=(3, y.size)) * scales[:, None]
    expected = scales**-2 / (scales**-2).sum()
    found = fit_weights(loss_for(list(said), y, MetricName.MSE))
    assert found == pytest.approx(expected, abs=0.01)


def test_few_rows_pull_towards_equal_weights():
    loss = _loss(MetricName.RMSE, 3, n_rows=20_000)
    few, many = fit_weights(loss.on(slice(25))), fit_weights(loss)
    assert np.ptp(few) < np.ptp(many)


def test_equal_models_share_the_weight_up_to_the_most_members():
    y, said = _models(MetricName.RMSE, 1)
    random = np.random.default_rng(3)
    copies = np.repeat(np.stack(said), 16, axis=0) + 0.1 * random.normal(size=(16, y.size))
    weights = fit_weights(loss_for(list(copies), y, MetricName.RMSE))
    assert np.count_nonzero(weights) == MAX_MEMBERS


@pytest.mark.parametrize(
    ("n_members", "n_kept"),
    [
        (MAX_MEMBERS, MAX_MEMBERS),
        (MAX_MEMBERS + 1, MAX_MEMBERS),
        (MAX_MEMBERS + 5, MAX_MEMBERS + 2),
    ],
)
def test_of_too_many_members_the_lightest_half_of_the_surplus_goes(n_members, n_kept):
    weights = 1.0 + np.random.default_rng(0).permutation(n_members)
    kept = module._worth_keeping(weights / weights.sum())
    lightest = n_members - n_kept
    assert kept.tolist() == np.flatnonzero(weights > lightest).tolist()


def test_members_below_the_least_weight_go_unless_all_are():
    weights = np.array([0.5, LEAST_WEIGHT, 0.5 - 1.9 * LEAST_WEIGHT, 0.9 * LEAST_WEIGHT])
    assert module._worth_keeping(weights).tolist() == [0, 1, 2]
    alike = np.full(100, 0.01)
    assert 0 < module._worth_keeping(alike).size < 100


def test_absolute_error_cares_less_for_outliers():
    random = np.random.default_rng(4)
    y = random.normal(size=4000)
    steady, wild = y + random.normal(size=4000), y + 0.5 * random.normal(size=4000)
    wild[:4] += 100
    said = np.stack([steady, wild])
    assert fit_weights(loss_for(list(said), y, MetricName.MAE))[1] > 0.7
    assert fit_weights(loss_for(list(said), y, MetricName.MSE))[1] < 0.2


def test_a_perfect_model_needs_no_other():
    y, said = _models(MetricName.RMSE, 3)
    said[1] = y
    assert fit_weights(loss_for(said, y, MetricName.RMSE)).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("shared", "stays"), [(0.0, True), (0.7, False)])
def test_a_light_member_stays_if_it_adds_to_what_the_others_say(shared, stays):
    """With either share of the others' error its weight would be 0.05."""
    random = np.random.default_rng(0)
    y = random.normal(size=50_000)
    pair = random.normal(size=(2, y.size))
    own = np.sqrt(0.5 * (1 - shared) / 0.05 - 0.5 * (1 - shared) ** 2) * random.normal(size=y.size)
    said = y + np.stack([*pair, shared * pair.mean(axis=0) + own])
    weights = fit_weights(loss_for(list(said), y, MetricName.RMSE))
    assert weights[2] == (pytest.approx(0.05, abs=0.01) if stays else 0)
