"""The predictor: two package folders in, answers to rows of raw cells out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec, FloatMatrix
from windvane.engine.data.parse import cell_reader, parse_cells, unreadable
from windvane.engine.data.plaincells import FEWEST, PlainCells, is_plain
from windvane.engine.ensembles.mixing import Mixing
from windvane.engine.ensembles.pool import Pool
from windvane.engine.ensembles.second_layer import SecondLayer
from windvane.engine.features.base import FittedRecipe, Value
from windvane.engine.learners.base import FittedModel
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.threshold import Decision
from windvane.errors import InvalidRequest


@dataclass(frozen=True)
class Schema:
    """The columns of its table, as a transformers package has them.

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
        """Return what a model package remembers of the schema it was made for."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Predictions:
    """Predictions of some rows.

    values         (n_rows,) for regression, else empty
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


@dataclass(frozen=True)
class Transformers:
    """The content of a transformers package.

    columns   the specs of schema.features, in that order
    recipes   name -> fitted recipe: those that the model's members name; may be empty
    """

    schema: Schema
    columns: Sequence[ColumnSpec]
    recipes: Mapping[str, FittedRecipe]


@dataclass(frozen=True)
class Combination:
    """The rule by which the members' predictions become the answer.

    decision      how classes are decided
    temperature   of the members' pool, or of what the second layer makes of it
    pool          how the members' answers become one
    second_layer  what moves the pool's answer; None if nothing does
    """

    decision: Decision
    temperature: float = NO_CHANGE
    pool: Pool = Pool.ARITHMETIC
    second_layer: SecondLayer | None = None


class Predictor:
    """Answers rows of raw cells, as they stand in a CSV file without header and target.

    about       what the model package says of itself
    """

    def __init__(
        self,
        transformers: Transformers,
        members: Sequence[LoadedMember],
        combination: Combination,
        about: Mapping[str, Any],
    ) -> None:
        self.schema = transformers.schema
        self.columns = tuple(transformers.columns)
        self.recipes = dict(transformers.recipes)
        self.members = tuple(members)
        self.decision = combination.decision
        self.about = dict(about)
        self.temperature = combination.temperature
        self.pool = combination.pool
        self.second_layer = combination.second_layer
        self._is_any_without_features = any(not member.recipe for member in members)
        weights = [member.weight for member in members]
        temperatures = [member.temperature for member in members]
        self._mixing = Mixing(
            weights,
            temperatures,
            combination.pool,
            combination.temperature,
            combination.second_layer,
        )
        used = {
            source
            for recipe in self.recipes.values()
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
        """Predict rows of cells.

        rows    n_rows of len(schema.features) cells; "" and None are missing

        raises    InvalidRequest naming row and column (1-based row) of a wrong number of cells or a cell
                  that cannot be read as its column's type
        """
        if len(rows) == 1:
            return self._predict_row(rows[0])
        return self.predict_columns(self.parse(rows), len(rows))

    def with_threshold(self, threshold: float) -> Predictor:
        """Return the same model, which predicts the second of two classes from another probability on."""
        made = copy(self)
        made.decision = replace(self.decision, threshold=threshold)
        return made

    @property
    def used(self) -> list[tuple[int, ColumnSpec]]:
        """Place in the row and spec of each column that the members need."""
        return [(place, spec) for place, spec, _ in self._readers]

    def parse(self, rows: Sequence[Sequence[str | None]], first_row: int = 1) -> Columns:
        """Return the columns that the members need, read from raw cells.

        raises    InvalidRequest as `predict` does, of rows that are counted from first_row
        """
        for number, row in enumerate(rows, first_row):
            self._check_length(row, number)
        return {
            spec.name: parse_cells([row[i] for row in rows], spec, first_row)
            for i, spec in self.used
        }

    def predict_columns(self, columns: Columns, n_rows: int) -> Predictions:
        """Return the same for typed columns, `n_rows` values each."""
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
                f"Row {number} has {len(row)} values; this model takes {len(self.columns)}: "
                f"every column of the training data except the target '{self.schema.target}', in "
                "that order."
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
