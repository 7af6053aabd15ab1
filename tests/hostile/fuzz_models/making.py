"""Small models of every algorithm, saved as a job saves them, and packages of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from unit.engine.forecasting.conftest import CHRONOS_BOLT

from windvane.domain.forecasting import Fill, Filling, FillMethod, ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.features.plan import fit_transform_recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.forecasting.calibration import IntervalScale
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.forecaster import Member as ForecastMember
from windvane.engine.forecasting.grid import Grid
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.models.catalogue import model_named
from windvane.engine.forecasting.panel import Panel
from windvane.engine.forecasting.prepared import PreparedSeries
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.target_transform import TARGET_TRANSFORM
from windvane.engine.packages.package import (
    Member,
    ModelSpec,
    Schema,
    Transformers,
    write_model,
    write_transformers,
)
from windvane.engine.scoring.threshold import Decision
from windvane.testing.learner_contract import Never

N_ROWS = 240
SPECS = (
    ColumnSpec("a", ColumnType.NUMERIC, "numbers"),
    ColumnSpec("b", ColumnType.NUMERIC, "numbers"),
    ColumnSpec("colour", ColumnType.CATEGORICAL, "few words"),
    ColumnSpec("day", ColumnType.DATETIME, "dates", {"formats": ["%Y-%m-%d"]}),
    ColumnSpec("note", ColumnType.TEXT, "texts"),
)
CELLS = (
    ["0.5", "-1", "red", "2024-03-01", "good and cheap"],
    ["", "", "", "", ""],
    ["1e30", "-7", "unheard of", "1999-12-31", "bad"],
)
_WORDS = np.array(["good", "bad", "cheap", "dear", "and"], object)
_SMALL = {
    "lightgbm": {"num_iterations": 2, "num_leaves": 6},
    "xgboost": {"num_round": 2, "max_depth": 3},
    "catboost": {"iterations": 3, "depth": 3},
    "randomforest": {"n_estimators": 3, "min_samples_leaf": 12},
    "extra-trees": {"n_estimators": 3, "min_samples_leaf": 12},
    "linear-learner": {"max_iterations": 20},
    "mlp": {"epochs": 2, "schedule": 2, "n_hidden": 8, "n_networks": 2},
    "nn-torch": {"epochs": 2, "n_hidden": 8, "n_members": 2},
    "fastai": {"epochs": 2, "n_hidden": 8},
}
_ONE_ROUND = {"lightgbm": {"num_iterations": 1}, "xgboost": {"num_round": 1}}
"""Of several classes: there is a tree for each."""


@dataclass(frozen=True)
class Table:
    """A problem of one kind, and its columns."""

    problem_type: ProblemType
    n_classes: int
    columns: dict[str, Any]
    y: np.ndarray

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"class {i}" for i in range(self.n_classes))


def table(problem_type: ProblemType) -> Table:
    generator = np.random.default_rng(7)
    a, b = generator.normal(size=(2, N_ROWS))
    colour = generator.choice(np.array(["red", "green", "blue", None], object), N_ROWS)
    day = 1.7e9 + 86_400.0 * generator.integers(0, 400, N_ROWS)
    note = np.array([" ".join(generator.choice(_WORDS, 3)) for _ in range(N_ROWS)], object)
    a[::17] = np.nan
    signal = np.nan_to_num(a) + (colour == "red") + np.where(b > 0, 1, -1)
    n_classes = {ProblemType.REGRESSION: 0, ProblemType.BINARY: 2}.get(problem_type, 3)
    y = signal
    if n_classes:
        cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
        y = np.searchsorted(cuts, signal).astype(np.float64)
    columns = {"a": a, "b": b, "colour": colour, "day": day, "note": note}
    return Table(problem_type, n_classes, columns, y)


@dataclass(frozen=True)
class Made:
    """A saved model, its recipe and the matrix it learnt from."""

    member: Member
    recipe: Any
    X: np.ndarray
    model: Any
    n_classes: int


def made(folder: Path, name: str, posed: Table, **parameters: Any) -> Made:
    """folder    is made"""
    algorithm = learner(name)
    recipe, X = None, np.empty((N_ROWS, 0), np.float32)
    if algorithm.recipes[0]:
        recipe, X = fit_transform_recipe(
            algorithm.recipes[0], RecipeData(SPECS, posed.columns, posed.y, posed.n_classes, 0)
        )
    setting = Setting(
        posed.problem_type,
        METRICS_OF[posed.problem_type][0],
        posed.n_classes,
        recipe.features if recipe else (),
        1,
    )
    small = _SMALL.get(name, {}) | (_ONE_ROUND.get(name, {}) if posed.n_classes > 2 else {})
    chosen = {**algorithm.defaults(setting, N_ROWS), **small, **parameters}
    model = algorithm.fit(Rows(X, posed.y), None, chosen, setting, Never())
    folder.mkdir(parents=True)
    model.save(folder)
    return Made(
        Member(1.0, recipe.name if recipe else "", name, folder), recipe, X, model, posed.n_classes
    )


def packaged(folder: Path, posed: Table, members: list[Made]) -> None:
    """folder/transformers and folder/model, of members that count alike."""
    schema = Schema(
        tuple(spec.name for spec in SPECS), posed.labels, "string", "y", posed.problem_type
    )
    recipes = {one.recipe.name: one.recipe for one in members if one.recipe}
    write_transformers(folder / "transformers", Transformers(schema, SPECS, recipes))
    shares = [replace(one.member, weight=1 / len(members)) for one in members]
    spec = ModelSpec(schema, shares, Decision(0.5), {"candidate": 1})
    write_model(folder / "model", spec)


TRANSFORMED = {"residual": {TARGET_TRANSFORM: "residual"}, "log": {TARGET_TRANSFORM: "log"}}


def forecaster_of(folder: Path, names: Sequence[str]) -> None:
    """Write a forecaster of small daily series with covariates of all kinds.

    folder    is made
    """
    generator = np.random.default_rng(7)
    n_series, n_steps, horizon = 3, 60, 4
    n = n_series * n_steps
    zeros = np.zeros(n_series, np.int64)
    grid = Grid(Frequency.parse("D"), zeros, zeros, zeros.astype(bool))
    values = 10 + generator.normal(size=n) + np.tile(np.arange(7.0), n)[:n]
    values[5] = np.nan
    panel = Panel(
        items=("a | x", "b | x", "b | y"),
        values=values,
        bounds=np.arange(n_series + 1) * n_steps,
        first=zeros,
        grid=grid,
        known=generator.normal(size=(n, 3)),
        static=generator.normal(size=(n_series, 1)),
        future=generator.normal(size=(n_series, horizon, 3)),
        past=generator.normal(size=(n, 1)),
    )
    spec = ForecastSpec(
        target="y",
        timestamp="t",
        item_id="id",
        horizon=horizon,
        frequency=Frequency.parse("D"),
        known_covariates=("price", "weather"),
        static=("size",),
        group_columns=("shop",),
        past_covariates=("visitors",),
        filling={"y": Filling(middle=Fill(FillMethod.VALUE, 2.0))},
    )
    known = (CovariateEncoding("price"), CovariateEncoding("weather", ("rain", "sun")))
    static, past = (CovariateEncoding("size"),), (CovariateEncoding("visitors"),)
    prepared = PreparedSeries(panel, spec, known, static, (), past)
    limits = FitLimits(time.time() + 1, chronos_bolt=CHRONOS_BOLT)
    members = tuple(
        ForecastMember(name, 1 / len(names), model_named(name).fit(panel, prepared.task, limits))
        for name in names
    )
    one = Forecaster(prepared, members, IntervalScale(np.full((horizon, 3), 1.1)))
    folder.mkdir(parents=True)
    one.save(folder)
    one.seal(folder, {})
