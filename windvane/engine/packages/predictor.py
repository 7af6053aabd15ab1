"""The predictor: two package folders in, answers to rows of raw cells out."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import ProblemType
from windvane.engine.columns import Columns, ColumnSpec, ColumnType, FloatMatrix
from windvane.engine.data.parse import cell_reader, parse_cells, unreadable
from windvane.engine.data.plaincells import FEWEST, PlainCells, is_plain
from windvane.engine.ensembles.mixing import Mixing
from windvane.engine.ensembles.pool import Pool
from windvane.engine.ensembles.second_layer import SecondLayer, load_second_layer
from windvane.engine.features.base import FittedRecipe, Value
from windvane.engine.features.recipe import load_recipe
from windvane.engine.learners.base import FittedModel
from windvane.engine.learners.catalogue import learner
from windvane.engine.manifest import check_manifest, each_file_once, read_json
from windvane.engine.outcomes import SECOND_LAYER
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.classweights import ClassWeights
from windvane.engine.scoring.threshold import Decision
from windvane.errors import CorruptArtifact, InvalidRequest


@dataclass(frozen=True)
class Schema:
    """What a transformers package says of its table.

    features    names of the raw columns a row holds, in order (identifiers and constants included: a row has
                every column of the training file but the target)
    labels      class labels as in the training data, () for regression
    label_type  'string', 'integer', 'float' or 'boolean'
    target      its name
    """

    features: tuple[str, ...]
    labels: tuple[str, ...]
    label_type: str
    target: str
    problem_type: str

    def digest(self) -> str:
        """What a model package remembers of the schema it was made for."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Predictions:
    """values         (n_rows,) for regression, else empty
    probabilities  (n_rows, n_classes), else empty
    classes        (n_rows,) int: index of the predicted label (the threshold applied), else empty
    """

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True)
class LoadedMember:
    """A model of the package; recipe is "" for one that needs no features.

    temperature   of its probabilities; NO_CHANGE for values
    """

    weight: float
    recipe: str
    model: FittedModel
    temperature: float = NO_CHANGE


class Predictor:
    """Answers rows of raw cells, as they stand in a CSV file without header and target.

    decision    how classes are decided
    about       what the model package says of itself
    temperature of the members' pool, or of what the second layer makes of it
    pool        how the members' answers become one
    second_layer
                what moves the pool's answer; None if nothing does
    """

    def __init__(
        self,
        schema: Schema,
        columns: Sequence[ColumnSpec],
        recipes: Mapping[str, FittedRecipe],
        members: Sequence[LoadedMember],
        decision: Decision,
        about: Mapping[str, Any],
        temperature: float = NO_CHANGE,
        pool: Pool = Pool.ARITHMETIC,
        second_layer: SecondLayer | None = None,
    ) -> None:
        self.schema = schema
        self.columns = tuple(columns)
        self.recipes = dict(recipes)
        self.members = tuple(members)
        self.decision = decision
        self.about = dict(about)
        self.temperature = temperature
        self.second_layer = second_layer
        self._is_any_without_features = any(not member.recipe for member in members)
        weights = [member.weight for member in members]
        temperatures = [member.temperature for member in members]
        self._mixing = Mixing(weights, temperatures, pool, temperature, second_layer)
        used = {
            source
            for recipe in recipes.values()
            for feature in recipe.features
            for source in feature.sources
        }
        self._readers = [
            (i, spec, cell_reader(spec)) for i, spec in enumerate(self.columns) if spec.name in used
        ]
        plain = [(i, spec) for i, spec, _ in self._readers if is_plain(spec)]
        self._plain = PlainCells(plain) if len(plain) >= FEWEST else None
        together = {i for i, _ in plain} if self._plain else set()
        self._single_readers = [one for one in self._readers if one[0] not in together]

    def predict(self, rows: Sequence[Sequence[str | None]]) -> Predictions:
        """rows    n_rows of len(schema.features) cells; "" and None are missing

        raises    InvalidRequest naming row and column (1-based row) of a wrong number of cells or a cell
                  that cannot be read as its column's type
        """
        if len(rows) == 1:
            return self._predict_row(rows[0])
        return self.predict_columns(self.parse(rows), len(rows))

    @property
    def used(self) -> list[tuple[int, ColumnSpec]]:
        """Place in the row and spec of each column that the members need."""
        return [(place, spec) for place, spec, _ in self._readers]

    def parse(self, rows: Sequence[Sequence[str | None]], first_row: int = 1) -> Columns:
        """The columns that the members need, read from raw cells.

        raises    InvalidRequest as `predict` does, of rows that are counted from first_row
        """
        for number, row in enumerate(rows, first_row):
            self._check_length(row, number)
        return {
            spec.name: parse_cells([row[i] for row in rows], spec, first_row)
            for i, spec in self.used
        }

    def predict_columns(self, columns: Columns, n_rows: int) -> Predictions:
        """The same for typed columns, `n_rows` values each."""
        return self._answer(lambda recipe: recipe.transform(columns), n_rows)

    def _predict_row(self, row: Sequence[str | None]) -> Predictions:
        self._check_length(row, 1)
        plain = self._plain.read(row) if self._plain else None
        values: dict[str, Value] = dict(plain or ())
        for i, spec, read in self._readers if plain is None else self._single_readers:
            try:
                values[spec.name] = read(row[i])
            except ValueError as error:
                raise unreadable(spec, 1, row[i]) from error
        return self._answer(lambda recipe: recipe.transform_row(values), 1)

    def _check_length(self, row: Sequence[str | None], number: int) -> None:
        if len(row) != len(self.columns):
            raise InvalidRequest(
                f"Row {number} has {len(row)} values; this model takes {len(self.columns)}: every "
                f"column of the training data but the target '{self.schema.target}', in that order."
            )

    def _answer(self, matrix: Callable[[FittedRecipe], FloatMatrix], n_rows: int) -> Predictions:
        matrices = {name: matrix(recipe) for name, recipe in self.recipes.items()}
        if self._is_any_without_features:
            matrices[""] = np.empty((n_rows, 0), np.float32)
        answers = [member.model.predict(matrices[member.recipe]) for member in self.members]
        return self._decide(self._mixing(answers))

    def _decide(self, answer: NDArray[np.float64]) -> Predictions:
        no_classes = np.empty(0, np.int64)
        if answer.ndim == 1:
            return Predictions(answer, np.empty((0, 0)), no_classes)
        return Predictions(np.empty(0), answer, self.decision.of(answer))


@each_file_once()
def load_predictor(transformers: Path, model: Path) -> Predictor:
    """raises    CorruptArtifact"""
    fitted_on = check_manifest(transformers, "transformers").get("table")
    about = check_manifest(model, "model")
    schema, columns = _read_schema(transformers / "schema.json")
    document = read_json(model / "model.json")
    if document.get("schema") != schema.digest():
        raise CorruptArtifact(
            f"{model} was made for other columns or labels than those of {transformers}."
        )
    members = _read_members(model, document)
    _check_there(transformers, model, members)
    if fitted_on and about.get("table", fitted_on) != fitted_on:
        raise CorruptArtifact(
            f"{model} was trained on another table than the one that {transformers} was fitted on."
        )
    decision, temperature, pool = _read_decision(model, document, len(schema.labels))
    recipes = {
        member.recipe: _recipe(transformers, member.recipe) for member in members if member.recipe
    }
    _check_recipes(transformers, recipes, columns)
    _check_widths(model, members, recipes)
    layer = _read_second_layer(model / SECOND_LAYER, len(members), len(schema.labels))
    try:
        return Predictor(
            schema, columns, recipes, members, decision, about, temperature, pool, layer
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(
            f"{transformers / 'schema.json'} does not say how its columns are read: {error!r}."
        ) from error


def load_transformers(
    folder: Path,
) -> tuple[Schema, tuple[ColumnSpec, ...], dict[str, FittedRecipe]]:
    """Everything in a transformers package; recipes by name.

    raises    CorruptArtifact
    """
    check_manifest(folder, "transformers")
    schema, columns = _read_schema(folder / "schema.json")
    names = sorted(one.name for one in (folder / "recipes").glob("*"))
    recipes = {name: _recipe(folder, name) for name in names}
    _check_recipes(folder, recipes, columns)
    return schema, columns, recipes


def _read_schema(file: Path) -> tuple[Schema, tuple[ColumnSpec, ...]]:
    document = read_json(file)
    try:
        schema = Schema(
            features=tuple(str(column["name"]) for column in document["columns"]),
            labels=tuple(map(str, document["labels"])),
            label_type=str(document["label_type"]),
            target=str(document["target"]),
            problem_type=ProblemType(document["problem_type"]),
        )
        columns = tuple(
            ColumnSpec(
                str(column["name"]),
                ColumnType(column["type"]),
                str(column["reason"]),
                dict(column["parse"]),
            )
            for column in document["columns"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{file} does not describe a table: {error!r}.") from error
    return schema, columns


def _read_decision(
    folder: Path, document: dict[str, Any], n_classes: int
) -> tuple[Decision, float, Pool]:
    """Decision, temperature and pool; the pool of models from before there were two is the arithmetic one."""
    try:
        pool = Pool(document.get("pool", Pool.ARITHMETIC))
        decision = Decision(float(document["threshold"]), _class_weights(document, n_classes))
        return decision, _temperature(document), pool
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(
            f"{folder / 'model.json'} does not say how it decides: {error!r}."
        ) from error


def _class_weights(document: dict[str, Any], n_classes: int) -> ClassWeights:
    weights = tuple(float(weight) for weight in document.get("class_weights", ()))
    if weights and not (len(weights) == n_classes and all(0 < one < math.inf for one in weights)):
        raise ValueError(f"weights of classes {weights}")
    return weights


def _temperature(document: dict[str, Any]) -> float:
    temperature = float(document["temperature"])
    if not 0 < temperature < math.inf:
        raise ValueError(f"a temperature of {temperature}")
    return temperature


def _read_members(folder: Path, document: dict[str, Any]) -> list[LoadedMember]:
    file = folder / "model.json"
    try:
        entries = [
            (
                float(entry["weight"]),
                str(entry["recipe"]),
                str(entry["learner"]),
                _temperature(entry),
            )
            for entry in document["members"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{file} does not describe a model: {error!r}.") from error
    if not entries or not all(math.isfinite(weight) for weight, *_ in entries):
        raise CorruptArtifact(f"{file} names no members, or one without a weight.")
    members = []
    for number, (weight, recipe, name, temperature) in enumerate(entries):
        try:
            algorithm = learner(name)
        except LookupError as error:
            raise CorruptArtifact(f"{file} names an unknown algorithm: {error}") from error
        model = algorithm.load(folder / "members" / str(number))
        members.append(LoadedMember(weight, recipe, model, temperature))
    return members


def _read_second_layer(folder: Path, n_members: int, n_classes: int) -> SecondLayer | None:
    if not folder.exists():
        return None
    layer = load_second_layer(folder)
    if (layer.n_members, layer.n_classes) != (n_members, n_classes):
        raise CorruptArtifact(
            f"{folder} was made for {layer.n_members} members and {layer.n_classes} classes; there are "
            f"{n_members} and {n_classes}."
        )
    return layer


def _check_there(transformers: Path, model: Path, members: Sequence[LoadedMember]) -> None:
    there = sorted(folder.name for folder in (transformers / "recipes").glob("*"))
    for name in {member.recipe: None for member in members if member.recipe}:
        if name not in there:
            raise CorruptArtifact(
                f"{model} takes what the recipe {name!r} makes; {transformers} has "
                f"{', '.join(there) if there else 'no recipe'}."
            )


def _recipe(transformers: Path, name: str) -> FittedRecipe:
    if not name.isidentifier():
        raise CorruptArtifact(f"{name!r} is no name of a recipe.")
    return load_recipe(transformers / "recipes" / name)


def _check_recipes(
    transformers: Path, recipes: Mapping[str, FittedRecipe], columns: Sequence[ColumnSpec]
) -> None:
    known = {column.name for column in columns}
    for name, recipe in recipes.items():
        used = {source for feature in recipe.features for source in feature.sources}
        for source in sorted(used - known):
            raise CorruptArtifact(
                f"Recipe {name} of {transformers} uses the column {source!r}, which the "
                "schema does not have."
            )


def _check_widths(
    folder: Path, members: Sequence[LoadedMember], recipes: Mapping[str, FittedRecipe]
) -> None:
    for number, member in enumerate(members):
        width = len(recipes[member.recipe].features) if member.recipe else 0
        if member.model.n_features != width:
            raise CorruptArtifact(
                f"Member {number} of {folder} takes {member.model.n_features} features; recipe "
                f"{member.recipe!r} makes {width}."
            )
