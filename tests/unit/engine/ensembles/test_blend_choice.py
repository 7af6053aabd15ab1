"""Which candidates an ensemble considers, on which rows, and how far it goes from the best one to their weights."""

import numpy as np
import pytest
from unit.engine.evaluation.made_up import table

from windvane.domain.problem import MetricName
from windvane.engine.ensembles import blend as module
from windvane.engine.ensembles.blend import OutOfFold, blend, likely_members, some_of, weighted
from windvane.engine.ensembles.losses import loss_for
from windvane.engine.ensembles.weights import fit_weights

N = 400


def noisy(n_models, n_rows=N, seed=0):
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    return y, {i: y + random.normal(size=n_rows) for i in range(1, n_models + 1)}


def blended(y, told, objective=MetricName.MSE, **given):
    return blend(OutOfFold(told, y, np.arange(y.size) % 5, objective), **given)


@pytest.mark.parametrize(
    ("n_classes", "n_rows"), [(0, 20_000), (2, 20_000), (3, 10_000), (26, 3_000)]
)
def test_each_further_class_costs_rows_down_to_a_least(n_classes, n_rows):
    told = np.zeros((1, n_classes)) if n_classes else np.zeros(1)
    assert module._enough_rows(told) == n_rows


def test_some_rows_are_all_of_few_and_a_lot_of_many():
    assert some_of(10, 10).tolist() == list(range(10))
    some = some_of(1_000, 100)
    assert some.size == np.unique(some).size == 100
    assert (np.diff(some) > 0).all()
    assert np.diff(some).max() > 12, "not every tenth"
    assert (some == some_of(1_000, 100)).all()


def test_of_many_candidates_the_best_are_considered_in_their_order():
    random = np.random.default_rng(0)
    y = random.normal(size=N)
    told = {i: y + (1 + i / 400) * random.normal(size=N) for i in range(1, 41)}
    found = blended(y, told)
    errors = {i: np.mean((one - y) ** 2) for i, one in told.items()}
    assert list(found.considered) == sorted(errors, key=errors.get)[:32]


def test_a_candidate_without_a_score_is_not_considered():
    y, told = noisy(3)
    told[2][:] = np.inf
    assert set(blended(y, told).considered) == {1, 3}


def test_the_weights_are_those_of_the_least_loss_where_they_score_better():
    y, told = noisy(3)
    found = blended(y, told)
    members = [told[index] for index in found.considered]
    expected = fit_weights(loss_for(members, y, MetricName.MSE))
    assert [found.weights[index] for index in found.considered] == pytest.approx([*expected])
    together = sum(found.weights[index] * told[index] for index in found.weights)
    assert found.in_sample == pytest.approx(together)
    assert sum(found.weights.values()) == pytest.approx(1)


def test_each_part_is_answered_by_weights_that_were_fitted_without_it():
    y, told = noisy(2)
    found = blended(y, told)
    parts = np.arange(N) % 5
    assert sorted(found.without) == [0, 1, 2, 3, 4]
    for part, weights in found.without.items():
        others = parts != part
        members = [told[index][others] for index in found.considered]
        own = fit_weights(loss_for(members, y[others], MetricName.MSE))
        assert [weights[index] for index in found.considered] == pytest.approx([*own])
        inside = parts == part
        together = sum(weights[index] * told[index][inside] for index in weights)
        assert found.out_of_fold[inside] == pytest.approx(together)


def test_one_that_does_not_answer_all_rows_is_compared_with_nobody():
    y, told = noisy(3)
    told[1][:200], told[2][200:] = np.nan, np.nan
    assert blended(y, told) is None, "the third alone answers them all"
    told[3][:200] = np.nan
    found = blended(y, told)
    assert set(found.considered) == {1, 3}
    assert found.rows.tolist() == list(range(200, N))


@pytest.mark.parametrize(("spread", "joins"), [(1.5, True), (2.1, False)])
def test_a_member_may_not_owe_its_error_to_a_few_rows(spread, joins):
    """Errors of the others are 1, up or down by a fifth; the squares of one vary more and are less in the mean."""
    random = np.random.default_rng(4)
    y = np.linspace(-5, 5, N)

    def of(deviation, mean):
        squares = mean + deviation * random.choice([-1.0, 1.0], N)
        return y + np.sqrt(squares) * random.choice([-1.0, 1.0], N)

    told = {1: of(0.2, 1.0), 2: of(0.2, 1.01), 3: of(0.2 * spread, 1.02)}
    assert (3 in blended(y, told).considered) is joins
    best = {**told, 3: of(0.2 * spread, 0.9)}
    assert 3 in blended(y, best).considered, "the best one stays"


def test_two_candidates_are_both_considered_however_they_vary():
    random = np.random.default_rng(4)
    y = random.normal(size=N)
    wild = y + 0.5 * random.normal(size=N)
    wild[:2] += 6
    assert set(blended(y, {1: y + random.normal(size=N), 2: wild}).considered) == {1, 2}


def test_what_each_row_counts_for_decides_who_is_unsteady():
    random = np.random.default_rng(5)
    y = random.normal(size=N)
    told = {i: y + random.normal(size=N) for i in (1, 2, 3)}
    told[4] = y + 0.3 * random.normal(size=N)
    told[4][:2] += 14
    weight = np.where(np.arange(N) < 2, 1e-6, 1.0)
    given = OutOfFold(told, y, np.arange(N) % 5, MetricName.MSE, weight)
    assert 4 in blend(given).considered


def test_costs_leave_out_who_alone_costs_too_much():
    y, told = noisy(3)
    assert set(blended(y, told, costs={1: 1.0, 2: 1.01, 3: 0.0}).considered) == {1, 3}
    assert blended(y, told, costs={1: 1.5, 2: 1.5, 3: 0.1}) is None


def unsure(scale, n_rows=N, seed=4):
    """Probabilities of two classes: the first model's put rows in the best order and are far too sure."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=n_rows)
    y = (random.random(n_rows) < 1 / (1 + np.exp(-2 * signal))).astype(float)
    noise = np.array([[0.2], [0.5], [0.5]]) * random.normal(size=(3, n_rows))
    positive = 1 / (1 + np.exp(-np.array([[scale], [1.5], [1.5]]) * (signal + noise)))
    return y, {i: np.stack([1 - one, one], axis=1) for i, one in enumerate(positive, 1)}


def test_the_best_one_does_not_come_back_where_it_costs_too_much_to_join():
    """With some of it the pair would score higher than it does alone."""
    y, told = unsure(8.0)
    found = blended(y, told, MetricName.AUC, costs={1: 0.9, 2: 0.5, 3: 0.5})
    assert found.considered[0] == 1
    assert set(found.weights) == {2, 3}
    assert sum(found.weights.values()) == pytest.approx(1)


def test_a_limit_that_all_keep_changes_nothing():
    """Nor how far the ensemble goes: here it stays nearer to the best one than the weights of the least loss."""
    y, told = unsure(8.0)
    free = blended(y, told, MetricName.AUC)
    members = [told[index] for index in free.considered]
    smooth = fit_weights(loss_for(members, y, MetricName.AUC))
    assert free.weights[1] > smooth[0] + 0.1
    within = blended(y, told, MetricName.AUC, costs=dict.fromkeys(told, 0.1))
    assert within.weights == free.weights
    assert (within.out_of_fold == free.out_of_fold).all()


def test_where_nothing_scores_higher_than_the_best_one_the_weights_are_those_of_the_least_loss():
    """It puts all rows in the right order, and is unsure of every one."""
    y, told = unsure(1.5)
    told[1] = np.column_stack([0.51 - 0.02 * y, 0.49 + 0.02 * y])
    found = blended(y, told, MetricName.AUC)
    members = [told[index] for index in found.considered]
    expected = fit_weights(loss_for(members, y, MetricName.AUC))
    assert found.considered[0] == 1
    assert [found.weights.get(index, 0.0) for index in found.considered] == pytest.approx(
        [*expected]
    )


def test_candidates_of_a_table_are_judged_as_the_table_says():
    y, told = noisy(2)
    weight = np.where(np.arange(N) < 200, 1.5, 0.5)
    given = OutOfFold.of(table(y, MetricName.MAE, weight=weight), told)
    assert given.gain(told[1], np.arange(N)) == pytest.approx(
        -np.average(np.abs(told[1] - y), weights=weight)
    )
    assert (given.predictions, given.folds.tolist()) == (told, (np.arange(N) % 5).tolist())


def test_likely_members_are_those_of_the_ensemble_or_the_best_alone():
    y, told = noisy(4)
    assert set(likely_members(told, y, MetricName.MSE)) == set(blended(y, told).weights)
    told[2] = y.copy()
    assert likely_members(told, y, MetricName.MSE) == (2,)
    assert likely_members({1: told[1], 2: told[2]}, y, MetricName.MSE) == (2,)
    assert likely_members({3: told[3]}, y, MetricName.MSE) == (3,)
    assert likely_members({}, y, MetricName.MSE) == ()


def test_given_weights_are_taken_as_they_are_on_the_rows_that_all_members_answer():
    _, told = noisy(3)
    told[1][:5], told[2][-5:] = np.nan, np.nan
    found = weighted(told, {2: 0.25, 1: 0.75})
    assert (found.weights, found.considered) == ({2: 0.25, 1: 0.75}, (2, 1))
    assert found.rows.tolist() == list(range(5, N - 5))
    expected = 0.25 * told[2][5:-5] + 0.75 * told[1][5:-5]
    assert found.in_sample == pytest.approx(expected)
    assert (found.out_of_fold == found.in_sample).all()
    assert found.without == {}
