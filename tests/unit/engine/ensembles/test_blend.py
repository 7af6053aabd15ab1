import numpy as np
import pytest

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.blend import OutOfFold, blend
from windvane.engine.scoring.evaluate import gain


def _noisy_copies(n_models, *, n_rows=300, seed=0):
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows)
    return y, y + random.normal(size=(n_models, n_rows))


def test_a_perfect_candidate_needs_no_ensemble():
    y, predictions = _noisy_copies(3)
    candidates = {1: predictions[0], 2: y.copy(), 3: predictions[1]}
    assert blend(OutOfFold(candidates, y, np.arange(y.size) % 5, MetricName.MSE)) is None


def test_one_candidate_makes_no_ensemble():
    y, predictions = _noisy_copies(1)
    assert blend(OutOfFold({1: predictions[0]}, y, np.arange(y.size) % 5, MetricName.MSE)) is None


def test_candidate_that_lacks_folds_of_the_best_is_left_out():
    y, predictions = _noisy_copies(3)
    folds = np.arange(y.size) % 5
    predictions[0] += 0.5 * (y - predictions[0])
    predictions[2, folds > 0] = np.nan
    found = blend(
        OutOfFold(
            {4: predictions[0], 5: predictions[1], 6: predictions[2]}, y, folds, MetricName.MSE
        )
    )
    assert found is not None
    assert set(found.weights) == {4, 5}
    assert set(found.considered) == {4, 5}
    assert found.rows.size == y.size


def test_rows_have_no_say_in_the_weights_that_predict_them():
    y, predictions = _noisy_copies(3, n_rows=90)
    folds = np.arange(90) % 3
    before = blend(OutOfFold(dict(enumerate(predictions)), y, folds, MetricName.MSE))
    spoilt = np.where(folds == 1, y + 0.5 * np.sin(np.arange(90)), y)
    after = blend(OutOfFold(dict(enumerate(predictions)), spoilt, folds, MetricName.MSE))
    assert before is not None
    assert after is not None
    assert (before.out_of_fold[folds == 1] == after.out_of_fold[folds == 1]).all()


def test_hold_out_alone_still_gives_an_honest_estimate():
    y, predictions = _noisy_copies(3)
    folds = np.zeros(y.size, np.int8)
    found = blend(OutOfFold(dict(enumerate(predictions)), y, folds, MetricName.MSE))
    assert found is not None
    assert np.isfinite(found.out_of_fold).all()


def test_probabilities_stay_probabilities():
    random = np.random.default_rng(1)
    y = random.integers(0, 3, 200).astype(float)
    models = {
        n: (p := random.random((200, 3)) + np.eye(3)[y.astype(int)]) / p.sum(1, keepdims=True)
        for n in range(3)
    }
    found = blend(OutOfFold(models, y, np.arange(200) % 4, MetricName.LOG_LOSS))
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
    found = blend(OutOfFold(candidates, y, folds, objective))
    smooth = blend(OutOfFold(candidates, y, folds, MetricName.LOG_LOSS))
    assert found is not None
    assert smooth is not None
    assert found.weights == pytest.approx(smooth.weights)


@pytest.mark.parametrize("objective", [MetricName.F1, MetricName.AUC, MetricName.LOG_LOSS])
def test_candidates_with_mistakes_of_their_own_gain_from_an_ensemble(objective):
    y, candidates = _two_classes(4, n_rows=2000)
    found = blend(OutOfFold(candidates, y, np.arange(y.size) % 5, objective))
    assert found is not None
    alone = max(gain(objective, y, one) for one in candidates.values())
    assert gain(objective, y, found.out_of_fold) > alone


def test_members_cost_together_what_they_may():
    y, predictions = _noisy_copies(4)
    candidates = dict(enumerate(predictions, 1))
    costs = {1: 0.7, 2: 0.2, 3: 1.8, 4: 0.3}
    found = blend(OutOfFold(candidates, y, np.arange(y.size) % 5, MetricName.MSE), costs)
    assert found is not None
    assert 3 not in found.considered
    assert sum(costs[index] for index in found.weights) <= 1
    assert len(found.weights) == 2


def test_no_two_members_within_the_limit_make_no_ensemble():
    y, predictions = _noisy_copies(3)
    costs = {0: 0.9, 1: 0.2, 2: 0.9}
    assert (
        blend(
            OutOfFold(dict(enumerate(predictions)), y, np.arange(y.size) % 5, MetricName.MSE), costs
        )
        is None
    )


def test_order_of_the_candidates_does_not_matter():
    y, candidates = _two_classes(6)
    folds = np.arange(y.size) % 5
    forwards = blend(OutOfFold(candidates, y, folds, MetricName.AUC))
    backwards = blend(OutOfFold(dict(reversed(candidates.items())), y, folds, MetricName.AUC))
    assert forwards is not None
    assert backwards is not None
    assert forwards.weights == backwards.weights
    assert (forwards.out_of_fold == backwards.out_of_fold).all()


def test_many_rows_are_all_predicted():
    y, predictions = _noisy_copies(3, n_rows=50_000)
    found = blend(
        OutOfFold(dict(enumerate(predictions)), y, np.arange(y.size) % 3, MetricName.RMSE)
    )
    assert found is not None
    assert np.isfinite(found.out_of_fold).all()
    assert found.weights == pytest.approx(dict.fromkeys(range(3), 1 / 3), abs=0.02)


def test_a_lucky_best_candidate_is_joined_rather_than_given_up_for():
    """Its AUC on these rows is above that of the weights of the least log loss, but not above all on the way."""
    kept = 0
    for seed in range(4):
        y, candidates = _two_classes(8, n_rows=150, seed=seed)
        found = blend(OutOfFold(candidates, y, np.arange(y.size) % 5, MetricName.AUC))
        assert found is not None
        assert sum(found.weights.values()) == pytest.approx(1)
        alone = max(gain(MetricName.AUC, y, one) for one in candidates.values())
        kept += gain(MetricName.AUC, y, found.in_sample) > alone
    assert kept == 4


def test_candidate_whose_error_hangs_on_a_few_rows_does_not_join():
    y, predictions = _noisy_copies(4)
    predictions[3] = y + 0.3 * (predictions[3] - y)
    predictions[3, :2] += (
        14.0  # as good as the others on the whole, by luck of how few these rows are
    )
    found = blend(OutOfFold(dict(enumerate(predictions)), y, np.arange(y.size) % 5, MetricName.MSE))
    assert found is not None
    assert 3 not in found.weights
    assert {0, 1, 2} <= set(found.considered)
