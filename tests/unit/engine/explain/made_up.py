"""A made-up table as a dataset folder, and packages of real models of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import Dataset, write_dataset
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.packages.assembly import schema_of
from windvane.engine.packages.package import (
    Member,
    ModelSpec,
    Transformers,
    load_predictor,
    write_model,
    write_transformers,
)
from windvane.engine.scoring.threshold import Decision
from windvane.testing.learner_contract import Never

HOSTILE = 'a "number", $\\frac{\n<script>=1+1\ud83d'
COLOUR, DAY, NOISE = "colour_1", "day", "nothing"
N_ROWS = 260
LABELS = {
    ProblemType.BINARY: ("no", "$yes$"),
    ProblemType.MULTICLASS: ("high", "low", "mid"),
    ProblemType.REGRESSION: (),
}
SPECS = (
    ColumnSpec("row id", ColumnType.IDENTIFIER, "all different"),
    ColumnSpec(HOSTILE, ColumnType.NUMERIC, "numbers"),
    ColumnSpec("b", ColumnType.NUMERIC, "numbers"),
    ColumnSpec(COLOUR, ColumnType.CATEGORICAL, "few words"),
    ColumnSpec(DAY, ColumnType.DATETIME, "dates", {"formats": ["%Y-%m-%d"]}),
    ColumnSpec(NOISE, ColumnType.NUMERIC, "numbers"),
)


def columns_and_target(problem_type, seed=0):
    """Two numbers and a colour that matter, of which some are missing; a date and a number that do not."""
    generator = np.random.default_rng(seed)
    a, b, noise = generator.normal(size=(3, N_ROWS)).round(2)
    colour = generator.choice(np.array(["red", "green", "blue", None], object), N_ROWS)
    day = generator.integers(18_000, 19_000, N_ROWS) * 86_400.0
    signal = 2 * a - b * (colour == "blue") + 1.5 * (colour == "red")
    signal = signal + generator.normal(size=N_ROWS) / 3
    a[generator.random(N_ROWS) < 0.1] = np.nan
    columns = {HOSTILE: a, "b": b, COLOUR: colour, DAY: day, NOISE: noise}
    n_classes = len(LABELS[problem_type])
    if not n_classes:
        return columns, 10 + 3 * signal
    cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
    return columns, np.searchsorted(cuts, signal).astype(float)


@dataclass(frozen=True)
class Packaged:
    """models    as they were fitted, one for each member"""

    dataset: Path
    packages: Path
    models: list

    def predictor(self):
        return load_predictor(self.packages / "transformers", self.packages / "model")


def packaged(
    folder, problem_type, names, temperatures=None, temperature=1.0, table=None, **parameters
):
    """Make packages of an ensemble.

    names    of the learners of the members, which have equal weights; `name:recipe` for another recipe
    table    specs, columns and target; None for those of this module
    """
    specs, columns, y = table or (SPECS, *columns_and_target(problem_type))
    dataset = _dataset(problem_type, specs, columns, y)
    write_dataset(dataset, folder / "dataset")
    members, recipes, models = [], {}, []
    for number, full_name in enumerate(names):
        name, _, wanted = full_name.partition(":")
        data = RecipeData(specs, columns, y, len(LABELS[problem_type]), 0)
        recipe, model = _fitted(problem_type, data, name, wanted, parameters)
        home = folder / f"member {number}"
        home.mkdir()
        model.save(home)
        own = temperatures[number] if temperatures else 1.0
        recipe_name = recipe.name if recipe else ""
        members.append(Member(1 / len(names), recipe_name, name, home, own))
        recipes |= {recipe.name: recipe} if recipe else {}
        models.append(model)
    schema = schema_of(dataset.analysis)
    transformers = Transformers(schema, specs, recipes)
    write_transformers(folder / "packages" / "transformers", transformers)
    spec = ModelSpec(schema, members, Decision(), {}, temperature)
    write_model(folder / "packages" / "model", spec)
    return Packaged(folder / "dataset", folder / "packages", models)


def _dataset(problem_type, specs, columns, y):
    labels = LABELS[problem_type]
    analysis = Analysis(
        target="y",
        problem_type=problem_type,
        problem_reason="made up",
        objective=METRICS_OF[problem_type][0],
        columns=specs,
        labels=labels,
        label_type="string",
        class_counts=tuple(np.bincount(y.astype(int)).tolist()) if labels else (),
        n_rows=len(y),
        n_rows_read=len(y),
        n_folds=5,
        seed=0,
    )
    return Dataset(analysis, columns, y, np.zeros(len(y), np.int8))


def _fitted(problem_type, data, name, wanted, parameters):
    algorithm, n_classes = learner(name), len(LABELS[problem_type])
    recipe, X = None, np.empty((len(data.y), 0), np.float32)
    recipe_name = wanted or algorithm.recipes[0]
    if recipe_name:
        recipe, X = fit_transform_recipe(recipe_name, data)
    features = recipe.features if recipe else ()
    setting = Setting(problem_type, METRICS_OF[problem_type][0], n_classes, features, 1)
    rounds = 5 if name in ("nn-torch", "fastai") else 25
    chosen = algorithm.with_rounds(algorithm.defaults(setting, len(data.y)), rounds) | parameters
    return recipe, algorithm.fit(Rows(X, data.y), None, chosen, setting, Never())


class FakeClock:
    """Seconds that go by only when somebody says so."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class EveryLook(FakeClock):
    """A clock that goes on by a millisecond whenever it is looked at."""

    def __call__(self):
        self.seconds += 0.001
        return self.seconds
