"""The learner contract over every learner and every problem type."""

from dataclasses import dataclass, replace

import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.catalogue import LEARNERS, LearnerCard
from windvane.engine.learners.catalogue import learner as find_learner
from windvane.testing.learner_contract import (
    CONTRACT,
    WITH_WEIGHTS,
    it_learns,
    it_stops_by_rows_with_their_weights,
    lesson,
)

LESSONS = {
    (problem_type, has_missing): lesson(problem_type, seed=3, has_missing=has_missing)
    for problem_type in ProblemType
    for has_missing in (False, True)
}


@pytest.fixture(params=LEARNERS, ids=lambda card: card.name)
def learner(request):
    return request.param


@pytest.fixture(params=ProblemType)
def posed(request, learner):
    return LESSONS[request.param, "dpp0" in learner.recipes]


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: clause.__name__)
def test_learners_keep_their_contract(clause, learner, posed, tmp_path):
    clause(learner, posed, tmp_path)


@pytest.mark.parametrize("clause", WITH_WEIGHTS, ids=lambda clause: clause.__name__)
def test_learners_take_weights(clause, learner, posed, tmp_path):
    clause(learner, posed, tmp_path)


@pytest.mark.parametrize("clause", WITH_WEIGHTS, ids=lambda clause: clause.__name__)
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "linear-learner", "mlp"])
def test_learners_take_weights_in_absolute_errors(clause, name, tmp_path):
    clause(find_learner(name), _with(name, ProblemType.REGRESSION, MetricName.MAE), tmp_path)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_learners_stop_by_weighted_areas(name, tmp_path):
    """CatBoost's weighted areas differ in the last digit from round to round where they are equal."""
    posed = _with(name, ProblemType.BINARY, MetricName.AUC)
    it_stops_by_rows_with_their_weights(find_learner(name), posed, tmp_path)


def _with(name, problem_type, objective):
    posed = LESSONS[problem_type, "dpp0" in find_learner(name).recipes]
    return replace(posed, setting=replace(posed.setting, objective=objective))


@dataclass(frozen=True)
class OnTransformedTarget:
    """A learner whose every plan asks for a transform of the target."""

    card: LearnerCard
    transform: str

    def __getattr__(self, name):
        return getattr(self.card, name)

    def defaults(self, setting, n_rows):
        return {**self.card.defaults(setting, n_rows), "target_transform": self.transform}


@pytest.mark.parametrize(
    "clause", [*CONTRACT, *WITH_WEIGHTS, it_learns], ids=lambda clause: clause.__name__
)
@pytest.mark.parametrize(
    ("name", "transform"),
    [
        ("lightgbm", "log"),
        ("linear-learner", "log"),
        ("extra-trees", "log"),
        ("xgboost", "residual"),
        ("extra-trees", "residual"),
    ],
)
def test_learners_keep_their_contract_on_a_transformed_target(clause, name, transform, tmp_path):
    posed = LESSONS[ProblemType.REGRESSION, name in ("lightgbm", "xgboost")]
    clause(OnTransformedTarget(find_learner(name), transform), posed, tmp_path)


def test_learners_learn(learner, posed, tmp_path):
    if learner.name != "baseline":
        it_learns(learner, posed, tmp_path)
