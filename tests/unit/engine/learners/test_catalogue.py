import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.features.base import Feature
from windvane.engine.features.cards import RECIPES
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import LEARNERS, availability, learner
from windvane.engine.learners.extras import EXTRAS
from windvane.engine.learners.faults import candidate_fault
from windvane.errors import CandidateFault, OutOfMemory
from windvane.testing.learner_contract import Never, lesson

PACKAGE = "windvane.engine.learners"


def test_cards_say_what_the_learners_say():
    for card in LEARNERS:
        found = getattr(import_module(f"{PACKAGE}.{card.module}"), card.attribute)
        assert (found.name, found.recipes) == (card.name, card.recipes)


def test_every_recipe_named_exists():
    names = {card.name for card in RECIPES} | {""}
    assert {recipe for card in LEARNERS for recipe in card.recipes} <= names


def test_unknown_names_are_answered_with_those_there_are():
    with pytest.raises(LookupError, match="no learner 'svm'; available: lightgbm, xgboost"):
        learner("svm")


@pytest.mark.parametrize(
    ("name", "extra"), [("catboost", "catboost"), ("nn-torch", "torch"), ("fastai", "torch")]
)
def test_training_without_its_extra_is_refused_with_how_to_install_it(name, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, extra, None)
    card = learner(name)
    assert f"pip install 'windvane[{extra}]'" in availability(name)
    posed = lesson(ProblemType.BINARY, seed=7, has_missing=False)
    with pytest.raises(CandidateFault, match=rf"pip install 'windvane\[{extra}\]'"):
        card.fit(posed.train, None, posed.few(card, 2), posed.setting, Never())


def test_what_is_no_extra_can_be_trained_everywhere():
    needs_none = [card for card in LEARNERS if card.library not in EXTRAS]
    assert len(needs_none) == len(LEARNERS) - 3
    assert not any(availability(card.name) for card in needs_none)
    assert "no algorithm svm" in availability("svm")


def test_asking_for_spaces_and_defaults_imports_no_library():
    program = (
        "import sys; from windvane.engine.learners.catalogue import LEARNERS;"
        "from windvane.engine.learners.base import Setting;"
        "from windvane.domain.problem import MetricName, ProblemType;"
        "s = Setting(ProblemType.BINARY, MetricName.F1, 2, (), 0);"
        "[(card.space(s, 900), card.defaults(s, 900)) for card in LEARNERS];"
        "heavy = ('lightgbm', 'xgboost', 'catboost', 'sklearn', 'pandas', 'scipy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_categories_are_told_from_numbers(name):
    """The target is in the code's set of values, not in its order."""
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 60, 3_000)
    y = np.isin(codes, generator.permutation(60)[:30]).astype(float)
    X = codes[:, None].astype(np.float32)
    features = (Feature("code", "c", 60),)
    setting = Setting(ProblemType.BINARY, MetricName.AUC, 2, features, 0)
    algorithm = learner(name)
    parameters = algorithm.with_rounds(algorithm.defaults(setting, 3_000), 10)
    parameters |= {"lightgbm": {"num_leaves": 4}, "xgboost": {"max_depth": 2}}.get(name, {})
    model = algorithm.fit(Rows(X, y), None, parameters, setting, Never())
    assert (model.predict(X).argmax(axis=1) == y).mean() > 0.9


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "linear-learner"])
def test_early_stopping_keeps_fewer_rounds_than_allowed(name):
    posed = lesson(ProblemType.BINARY, seed=0, has_missing=name != "linear-learner")
    posed.train.y[:] = np.random.default_rng(0).permutation(posed.train.y)
    algorithm = learner(name)
    parameters = algorithm.with_rounds(algorithm.defaults(posed.setting, 300), 500)
    model = algorithm.fit(posed.train, posed.valid, parameters, posed.setting, Never())
    assert 1 <= model.rounds < 300


@pytest.mark.parametrize(
    ("metric", "problem_type"),
    [(MetricName.AUC, ProblemType.BINARY), (MetricName.MAE, ProblemType.REGRESSION)],
)
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost"])
def test_objectives_with_a_metric_of_their_own_are_learnt(name, metric, problem_type):
    posed = lesson(problem_type, seed=0, has_missing=True)
    setting = Setting(problem_type, metric, posed.setting.n_classes, posed.setting.features, 0)
    algorithm = learner(name)
    model = algorithm.fit(posed.train, posed.valid, posed.few(algorithm), setting, Never())
    assert np.isfinite(model.predict(posed.valid.X)).all()


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "randomforest"])
def test_rows_that_cannot_be_learnt_from_are_the_candidates_fault(name):
    posed = lesson(ProblemType.REGRESSION, seed=0, has_missing=False)
    posed.train.y[:] = np.nan
    algorithm = learner(name)
    with pytest.raises(CandidateFault, match="could not be trained"):
        algorithm.fit(posed.train, None, posed.few(algorithm, 3), posed.setting, Never())


def test_a_library_out_of_memory_is_told_apart():
    assert isinstance(candidate_fault("X", ValueError("std::bad_alloc")), OutOfMemory)
    assert isinstance(candidate_fault("X", MemoryError()), OutOfMemory)
    assert not isinstance(candidate_fault("X", ValueError("labels")), OutOfMemory)
