import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.problem import MetricName
from windvane.engine.ensemble import MAX_MEMBERS, blend, select_greedily
from windvane.engine.evaluate import gain


def _noisy_copies(n_models, *, n_rows=300, seed=0):
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    return y, y + random.normal(size=(n_models, n_rows))


def test_independent_mistakes_are_averaged_away():
    y, predictions = _noisy_copies(4)
    weights = select_greedily(predictions, y, MetricName.MSE)
    alone = max(gain(MetricName.MSE, y, one) for one in predictions)
    assert gain(MetricName.MSE, y, weights @ predictions) > alone / 2
    assert np.count_nonzero(weights) == 4


@given(seed=st.integers(0, 2**32 - 1), n_models=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_weights_are_a_distribution_over_few_members(seed, n_models):
    y, predictions = _noisy_copies(n_models, n_rows=40, seed=seed)
    weights = select_greedily(predictions, y, MetricName.RMSE)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert np.count_nonzero(weights) <= MAX_MEMBERS


def test_a_perfect_candidate_needs_no_ensemble():
    y, predictions = _noisy_copies(3)
    candidates = {1: predictions[0], 2: y.copy(), 3: predictions[1]}
    assert blend(candidates, y, np.arange(y.size) % 5, MetricName.MSE) is None


def test_one_candidate_makes_no_ensemble():
    y, predictions = _noisy_copies(1)
    assert blend({1: predictions[0]}, y, np.arange(y.size) % 5, MetricName.MSE) is None


def test_candidate_that_lacks_folds_of_the_best_is_left_out():
    y, predictions = _noisy_copies(3)
    folds = np.arange(y.size) % 5
    predictions[0] += 0.5 * (y - predictions[0])
    predictions[2, folds > 0] = np.nan
    found = blend(
        {4: predictions[0], 5: predictions[1], 6: predictions[2]}, y, folds, MetricName.MSE
    )
    assert found is not None
    assert set(found.weights) == {4, 5}
    assert found.rows.size == y.size


def test_rows_have_no_say_in_the_weights_that_predict_them():
    y, predictions = _noisy_copies(3, n_rows=90)
    folds = np.arange(90) % 3
    before = blend(dict(enumerate(predictions)), y, folds, MetricName.MSE)
    spoilt = np.where(folds == 1, y + 0.5 * np.sin(np.arange(90)), y)
    after = blend(dict(enumerate(predictions)), spoilt, folds, MetricName.MSE)
    assert before is not None
    assert after is not None
    assert (before.out_of_fold[folds == 1] == after.out_of_fold[folds == 1]).all()


def test_hold_out_alone_still_gives_an_honest_estimate():
    y, predictions = _noisy_copies(3)
    folds = np.zeros(y.size, np.int8)
    found = blend(dict(enumerate(predictions)), y, folds, MetricName.MSE)
    assert found is not None
    assert np.isfinite(found.out_of_fold).all()


def test_probabilities_stay_probabilities():
    random = np.random.default_rng(1)
    y = random.integers(0, 3, 200).astype(float)
    models = {
        n: (p := random.random((200, 3)) + np.eye(3)[y.astype(int)]) / p.sum(1, keepdims=True)
        for n in range(3)
    }
    found = blend(models, y, np.arange(200) % 4, MetricName.LOG_LOSS)
    assert found is not None
    assert found.out_of_fold.sum(1) == pytest.approx(1)


def _two_classes(n_models, *, n_rows=400, seed=0):
    random = np.random.default_rng(seed)
    signal = random.normal(size=n_rows)
    y = (signal + random.normal(size=n_rows) > 0.8).astype(float)
    positive = 1 / (1 + np.exp(-(signal + random.normal(size=(n_models, n_rows)))))
    return y, {index: np.stack([1 - p, p], axis=1) for index, p in enumerate(positive, 1)}


@pytest.mark.parametrize(
    "objective", [MetricName.F1, MetricName.ACCURACY, MetricName.BALANCED_ACCURACY]
)
def test_where_labels_are_judged_weights_are_those_of_the_log_loss(objective):
    y, candidates = _two_classes(4)
    folds = np.arange(y.size) % 5
    found = blend(candidates, y, folds, objective)
    smooth = blend(candidates, y, folds, MetricName.LOG_LOSS)
    assert found is not None
    assert smooth is not None
    assert found.weights == pytest.approx(smooth.weights)


@pytest.mark.parametrize("objective", [MetricName.F1, MetricName.AUC, MetricName.LOG_LOSS])
def test_candidates_with_mistakes_of_their_own_gain_from_an_ensemble(objective):
    y, candidates = _two_classes(4, n_rows=2000)
    found = blend(candidates, y, np.arange(y.size) % 5, objective)
    assert found is not None
    alone = max(gain(objective, y, one) for one in candidates.values())
    assert gain(objective, y, found.out_of_fold) > alone
