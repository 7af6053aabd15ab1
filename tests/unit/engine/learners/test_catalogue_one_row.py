"""What a further learner takes: a file in engine/learners and a row of its catalogue, and for the service the name of its
image. A search tries it where it is named; every search does once it is among the openings."""

from __future__ import annotations

import ast
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import windvane
from windvane.domain.images import ALGORITHMS, ENSEMBLE, TRANSFORMERS
from windvane.engine import stages
from windvane.engine.data.dataset import read_analysis, read_dataset
from windvane.engine.definitions.pipelines import pipelines
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.learners import catalogue
from windvane.engine.learners.baseline import Baseline, Constant
from windvane.engine.learners.catalogue import LEARNERS, LearnerCard
from windvane.engine.learners.names import Alias
from windvane.engine.learners.space import Integer, Space
from windvane.engine.learners.traits import Cost, Traits
from windvane.engine.packages.package import load_predictor
from windvane.engine.tuning import cost, search
from windvane.engine.tuning.aliases import names_of, translated
from windvane.engine.tuning.steps import hurried
from windvane.engine.tuning.strategy import Strategy
from windvane.engine.tuning.vocabulary import completed

NAME = "made-up"


class MadeUp(Baseline):
    """Predicts class rates from features it does not look at."""

    name = NAME
    recipes = ("dpp0",)
    traits = Traits(
        cost=Cost(1e-6, 90, 4, 8),
        step="haste",
        bounded=lambda given, table: {**given, "depth": min(given["depth"], table.buckets(7))},
        names={"levels": Alias("depth")},
    )

    def space(self, setting: Any, n_rows: int) -> Space:
        return {"depth": Integer(1, 9)}

    def defaults(self, setting: Any, n_rows: int) -> dict[str, Any]:
        return {"depth": 1_000, "haste": 0.1}

    def load(self, folder: Path) -> Constant:
        return Constant(np.array([0.25, 0.75]), 3)


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> LearnerCard:
    """A file and a row."""
    file = ModuleType("windvane.engine.learners.made_up")
    file.LEARNER = MadeUp()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, file.__name__, file)
    card = LearnerCard(NAME, "made_up", ("dpp0",), "made-up rates", "Predicts what it likes.")
    monkeypatch.setattr(catalogue, "LEARNERS", (*LEARNERS, card))
    return card


def test_with_a_file_and_a_row_a_learner_is_searched_trained_and_deployed(
    row: LearnerCard, two_classes: Any, tmp_path: Path
) -> None:
    analysis = read_analysis(two_classes.dataset)
    only = Strategy(algorithms=(NAME,))
    plan = search.propose(analysis, 1, (), only)
    assert (plan.algorithm, plan.recipe) == (NAME, "dpp0")
    n_buckets = 7 + 7 + 2 * 7  # two numbers, and a colour of which the recipe makes two features
    assert plan.hyperparameters == {"depth": n_buckets, "haste": 0.1}
    later = search.propose(analysis, 20, (), only)
    assert 1 <= later.hyperparameters["depth"] <= 9
    assert cost.predicted_s(analysis, plan, []) > 0
    assert cost.predicted_mb(analysis, plan) > 90
    assert hurried(plan, 2.0).hyperparameters["haste"] == 0.2
    assert completed(analysis, plan) == plan
    assert translated(NAME, names_of(NAME), {"levels": "5"}).hyperparameters == {"depth": "5"}
    into = tmp_path / "candidates" / "1"
    limits = stages.TrainLimits(time.time() + 60)
    outcome = stages.train(two_classes.dataset, two_classes.features, plan, limits, into)
    assert outcome.folds_used == 5
    packages = tmp_path / "packages"
    stages.assemble(two_classes.dataset, {"dpp0": two_classes.features}, {1: into}, 1, packages)
    predictor = load_predictor(packages / "transformers", packages / "model")
    rows = read_dataset(two_classes.dataset).sample_rows()
    assert predictor.predict(rows).probabilities[0].tolist() == pytest.approx([0.25, 0.75])


def test_it_stands_in_the_candidate_definition_notebook(row: LearnerCard, two_classes: Any) -> None:
    analysis = read_analysis(two_classes.dataset)
    job = DefinedJob("made", None, 60.0, strategy=Strategy(algorithms=(NAME,)))
    [defined] = pipelines(analysis, job)
    assert (defined.title, defined.description) == (row.title, row.description)
    assert set(defined.ranges) == {"depth"}


def test_each_learner_has_an_image() -> None:
    assert set(ALGORITHMS) == {TRANSFORMERS, ENSEMBLE, *(card.name for card in LEARNERS)}


ELSEWHERE = {
    "cli/doctor.py": "extras, by the names under which they are installed",
    "titles.py": "how people write them",
    "domain/images.py": "the image of each",
    "engine/tuning/portfolio.py": "with which openings a search begins, in the order learnt",
    "engine/ensembles/stacking.py": "the library of the second layer",
    "api/automl_request/algorithm_rules.py": "those that Amazon's API names",
    "automl/forecasting/job_process.py": "the library loaded ahead of every forecast",
    "automl/forecast_estimator.py": "the library loaded ahead of what an update may take",
    "automl/local/libraries.py": "libraries loaded ahead of every search",
    "work/workers/roles.py": "libraries loaded ahead of every task",
    "work/workspace.py": "short forms for names of candidates, where there is one",
    "testing/learner_contract.py": "which are exact, and which are slow",
}
"""The files outside of engine/learners in which the name of a learner, or of its library, stands."""


def test_names_of_learners_stand_in_their_files_in_their_row_and_where_it_is_said_why() -> None:
    names = {card.name for card in LEARNERS} - {"baseline"}
    root = Path(windvane.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if names & _texts(path) and path.parent != root / "engine" / "learners"
    }
    assert found == set(ELSEWHERE)


def _texts(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}
