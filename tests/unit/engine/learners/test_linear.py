"""The linear learner finds what scikit-learn finds."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.linear import LEARNER
from windvane.engine.learners.linear_loss import LOSSES
from windvane.testing.learner_contract import Never, lesson


def _fit(posed, **parameters):
    parameters = {"max_iterations": 2_000, "wd": 0.0, "l1": 0.0} | parameters
    return LEARNER.fit(posed.train, None, parameters, posed.setting, Never())


@pytest.mark.parametrize("problem_type", [ProblemType.BINARY, ProblemType.MULTICLASS])
def test_classes_are_those_of_logistic_regression(problem_type):
    posed = lesson(problem_type, seed=2, has_missing=False)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=5_000).fit(posed.train.X, posed.train.y)
    model = _fit(posed, wd=1 / 300)
    np.testing.assert_allclose(
        model.predict(posed.valid.X), theirs.predict_proba(posed.valid.X), atol=2e-4
    )


def test_values_are_those_of_ridge_regression():
    posed = lesson(ProblemType.REGRESSION, seed=2, has_missing=False)
    theirs = Ridge(alpha=0.1 * 300).fit(posed.train.X, posed.train.y)
    model = _fit(posed, wd=0.1)
    np.testing.assert_allclose(
        model.predict(posed.valid.X), theirs.predict(posed.valid.X), rtol=1e-3
    )


def test_the_l1_penalty_sets_weights_to_zero_as_the_elastic_net_does():
    posed = lesson(ProblemType.REGRESSION, seed=2, has_missing=False)
    scale = posed.train.y.std()
    y = (posed.train.y - posed.train.y.mean()) / scale
    theirs = ElasticNet(alpha=0.1, l1_ratio=1.0, tol=1e-6).fit(posed.train.X.astype(float), y)
    ours = _fit(posed, l1=0.1).coefficients[:, 0] / scale
    np.testing.assert_allclose(ours, theirs.coef_, atol=1e-3)
    assert (np.abs(ours) < 1e-6).sum() == (theirs.coef_ == 0).sum() > 0


def test_the_absolute_error_is_not_moved_by_outliers():
    posed = lesson(ProblemType.REGRESSION, seed=2, has_missing=False)
    clean = posed.train.y.copy()
    posed.train.y[::20] += 500
    setting = replace(posed.setting, objective=MetricName.MAE)
    errors = [
        np.abs(_fit(replace(posed, setting=s)).predict(posed.train.X) - clean).mean()
        for s in (posed.setting, setting)
    ]
    assert errors[1] < errors[0] / 2


def test_balanced_weights_find_more_of_the_rare_class():
    posed = lesson(ProblemType.BINARY, seed=2, has_missing=False)
    posed.train.y[::2] = 0
    plain = _fit(posed).predict(posed.valid.X)[:, 1]
    balanced = _fit(posed, positive_example_weight_mult="balanced").predict(posed.valid.X)[:, 1]
    assert balanced.mean() > plain.mean() + 0.1
    assert "positive_example_weight_mult" in LEARNER.space(posed.setting, 300)


def test_early_stopping_keeps_the_best_weights():
    posed = lesson(ProblemType.MULTICLASS, seed=2, has_missing=False)
    posed.train.y[:] = np.random.default_rng(0).permutation(posed.train.y)
    parameters = {"max_iterations": 500, "wd": 0.0, "l1": 0.0}
    model = LEARNER.fit(posed.train, posed.valid, parameters, posed.setting, Never())
    full = LEARNER.fit(posed.train, None, parameters, posed.setting, Never())
    assert _log_loss(model, posed.valid) <= _log_loss(full, posed.valid)


def _log_loss(model, rows):
    answer = model.predict(rows.X)
    return -np.log(answer[np.arange(len(rows.y)), rows.y.astype(int)]).mean()


@pytest.mark.parametrize(
    ("name", "n_outputs"), [("squared", 1), ("absolute", 1), ("logistic", 1), ("softmax", 3)]
)
def test_slopes_are_the_derivatives_of_losses(name, n_outputs):
    generator = np.random.default_rng(0)
    y = generator.integers(0, max(2, n_outputs), 6).astype(float)
    scores = generator.normal(size=(6, n_outputs))

    def loss(flat):
        return LOSSES[name].value(flat.reshape(scores.shape), y)[0].sum()

    def slope(flat):
        return LOSSES[name].value(flat.reshape(scores.shape), y)[1].ravel()

    assert check_grad(loss, slope, scores.ravel()) < 1e-5
