import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.data.profile import describe_numbers
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.target_transform import (
    LogScale,
    Smearing,
    TransformedModel,
    suggests_transform,
    with_smearing,
)
from windvane.errors import CandidateFault
from windvane.testing.learner_contract import Never, lesson

GENERATOR = np.random.default_rng(4)
LOG = {"target_transform": "log"}
TARGETS = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e200, 1e200))


class Answers:
    """A model that answers what it is given."""

    rounds, n_features = 0, 1

    def predict(self, X):
        return X[:, 0].astype(np.float64)


def _noisy(n=3_000, noise=1.0):
    X = GENERATOR.normal(size=(n, 1)).astype(np.float32)
    return X, np.exp(X[:, 0].astype(np.float64) + noise * GENERATOR.normal(size=n))


def _setting(objective=MetricName.RMSE):
    return Setting(ProblemType.REGRESSION, objective, 0, (), 0)


def _fit(name, X, y, more=LOG, valid=None, objective=MetricName.RMSE):
    card, setting = learner(name), _setting(objective)
    parameters = card.with_rounds(card.defaults(setting, len(y)), 60) | more
    return card.fit(Rows(X, y), valid, parameters, setting, Never())


@given(TARGETS)
def test_the_scale_is_monotone_and_leads_back(y):
    scale = LogScale.of(y)
    z = scale.forward(y)
    assert (np.diff(z[np.argsort(y, kind="stable")]) >= 0).all()
    # Near the centre the distance from it is what is kept to the last digits.
    size = np.abs(y - scale.centre) + scale.scale + abs(scale.centre)
    assert (np.abs(scale.inverse(z) - y) <= 1e-12 * size).all()


@given(TARGETS, arrays(np.float32, (7, 1), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_answers_stay_near_the_training_range(y, X):
    low, high = y.min(), y.max()
    model = TransformedModel(Answers(), LogScale.of(y), Smearing(1.3, 0.2), low, high)
    answer = model.predict(X)
    room = 0.021 * (high - low) + 1e-9 * max(abs(low), abs(high))
    assert ((answer >= low - room) & (answer <= high + room)).all()


def test_amounts_get_no_answer_below_zero():
    model = TransformedModel(Answers(), LogScale.of(np.arange(9.0)), Smearing(), 0.0, 8.0)
    assert model.predict(np.array([[-50.0]], np.float32))[0] == 0


def test_a_lognormal_target_becomes_even():
    y = GENERATOR.lognormal(3, 1.5, 4_000)
    z = LogScale.of(y).forward(y)
    assert abs(((z - z.mean()) ** 3).mean() / z.std() ** 3) < 0.3


def test_smearing_is_the_mean_over_the_residuals():
    residuals = GENERATOR.normal(0.1, 0.5, 1_000)
    cut = np.clip(residuals, *np.quantile(residuals, (0.01, 0.99)))
    found = Smearing.of(residuals)
    for z in (-3.0, 0.0, 0.4, 6.0):
        expected = np.sinh(z + cut).mean()
        assert found.factor * np.sinh(z + found.shift) == pytest.approx(expected, rel=1e-9)


def test_squared_errors_want_the_mean_and_absolute_ones_the_median():
    X, y = _noisy()
    valid = Rows(*_noisy())
    drawn_up = _fit("linear-learner", X, y, valid=valid).predict(X)
    middle = _fit("linear-learner", X, y, valid=valid, objective=MetricName.MAE).predict(X)
    assert drawn_up.mean() / y.mean() == pytest.approx(1, abs=0.15)
    assert (y < middle).mean() == pytest.approx(0.5, abs=0.03)


def test_a_refit_takes_over_what_the_folds_found():
    X, y = _noisy()
    wide_leaves = LOG | {"min_samples_leaf": 50}
    folds = [_fit("extra-trees", X, y, wide_leaves, Rows(*_noisy())) for _ in range(3)]
    parameters = with_smearing(wide_leaves, folds)
    refit = _fit("extra-trees", X, y, more=parameters)
    found = sorted(model.smearing.factor for model in folds)
    assert refit.smearing.factor == found[1] > 1.2
    assert parameters["target_transform"] == "log"
    plain = _fit("extra-trees", X, y, more={})
    assert with_smearing({"a": 1}, [plain]) == {"a": 1}


def test_a_longer_tail_is_learnt_better_on_the_logarithm():
    X, y = _noisy(noise=0.2)
    y = y**3
    new_X, new_y = _noisy(noise=0.2)
    errors = [
        np.abs(_fit("linear-learner", X, y, more).predict(new_X) - new_y**3).mean()
        for more in ({}, LOG)
    ]
    assert errors[1] < errors[0] / 2


@pytest.mark.parametrize("y", [np.full(50, 7.0), np.zeros(50), np.full(50, -1e200)])
@pytest.mark.parametrize("name", ["lightgbm", "linear-learner", "extra-trees", "baseline"])
def test_a_constant_target_is_answered(name, y):
    X = GENERATOR.normal(size=(50, 2)).astype(np.float32)
    np.testing.assert_allclose(_fit(name, X, y).predict(X), y, rtol=1e-12)


@pytest.mark.parametrize("value", ["square", None, 3, ["log"], True])
def test_an_unknown_transform_is_the_candidates_fault(value):
    with pytest.raises(CandidateFault, match="no target transform"):
        _fit("linear-learner", *_noisy(50), more={"target_transform": value})


@pytest.mark.parametrize("told", ["ab", 3, [1], [0.0, 0.0], [1, float("nan")], [1, 2, 3]])
def test_a_smearing_that_there_cannot_be_is_the_candidates_fault(told):
    with pytest.raises(CandidateFault, match="target_smearing"):
        _fit("linear-learner", *_noisy(50), more=LOG | {"target_smearing": told})


def test_classes_are_not_transformed():
    posed = lesson(ProblemType.BINARY, seed=0, has_missing=False)
    card = learner("linear-learner")
    with pytest.raises(CandidateFault, match="for regression"):
        card.fit(posed.train, None, posed.few(card) | LOG, posed.setting, Never())


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1.7e308])
def test_targets_without_a_range_are_the_candidates_fault(odd):
    X, y = _noisy(50)
    y[0], y[1] = odd, -odd
    with pytest.raises(CandidateFault, match="could not be trained"):
        _fit("linear-learner", X, y)


def test_without_the_hyperparameter_the_model_is_the_learners_own():
    assert not isinstance(_fit("linear-learner", *_noisy(50), more={}), TransformedModel)


@pytest.mark.parametrize(
    ("y", "suggested"),
    [
        (GENERATOR.lognormal(0, 1, 999), True),
        (GENERATOR.poisson(2, 999) ** 3.0, True),
        (GENERATOR.normal(50, 3, 999), False),
        (GENERATOR.uniform(0, 1, 999), False),
        (GENERATOR.normal(size=999) ** 3, False),
        (GENERATOR.lognormal(0, 1, 999) - 5, False),
        (np.append(GENERATOR.normal(50, 3, 999), 1e6), False),
        (np.full(9, 2.0), False),
    ],
)
def test_long_tails_of_amounts_suggest_it(y, suggested):
    assert suggests_transform(describe_numbers(y)) is suggested


def test_statistics_of_classes_do_not_suggest_it():
    assert not suggests_transform({"missing": 0, "top": [["a", 3], ["b", 4]]})
