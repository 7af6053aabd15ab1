"""Fitting a recipe to a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from windvane.engine.columns import Columns, ColumnSpec, ColumnType, FloatMatrix, Values
from windvane.engine.features.base import ColumnTransformer
from windvane.engine.features.cards import (
    Maker,
    RecipeCard,
    TransformerSetting,
    makers_of_text,
    recipe_card,
)
from windvane.engine.features.categorical import TargetMeans
from windvane.engine.features.interactions import Interactions
from windvane.engine.features.pairing import PairingData, choose_pairs
from windvane.engine.features.recipe import Recipe
from windvane.engine.features.recipe_data import RecipeData
from windvane.engine.features.selection import strongest
from windvane.engine.features.terms import TermTable, grams_of, text_of
from windvane.engine.features.text import MAX_FIT_ROWS
from windvane.engine.features.text_scores import TextScores
from windvane.errors import DataFault, RejectColumn

MAX_WIDTH = 2_000
"""Features a recipe makes at most. If there are more columns than that, those most associated with the target
on the training rows are kept. Otherwise every column gets one feature; numbers a second and a third (for
missing, for the rank) if there is room for all; the rest is shared equally by the columns that can use more."""


_MOST_CHARACTERS = 2_000_000
"""Of texts whose adjacent characters are found."""


def term_tables(specs: Sequence[ColumnSpec], columns: Columns) -> dict[str, TermTable]:
    """Return the terms of each text column, to be found once for all fits on rows of the same table; none of columns
    so long that a fit takes a sample of them."""
    return {
        spec.name: TermTable(columns[spec.name].tolist())
        for spec in specs
        if spec.type is ColumnType.TEXT and len(columns[spec.name]) <= MAX_FIT_ROWS
    }


def gram_tables(specs: Sequence[ColumnSpec], columns: Columns) -> dict[str, TermTable]:
    """Return the adjacent characters of a column of texts that is the only feature, if finding them takes no more than
    seconds."""
    spec = _text_alone([one for one in specs if one.type.is_feature])
    if spec is None:
        return {}
    texts = columns[spec.name].tolist()
    n_characters = sum(len(text_of(text)) for text in texts)
    if len(texts) > MAX_FIT_ROWS or n_characters > _MOST_CHARACTERS:
        return {}
    return {spec.name: TermTable(texts, grams_of)}


def _text_alone(usable: Sequence[ColumnSpec]) -> ColumnSpec | None:
    """Return the column of texts if there is no other column."""
    return usable[0] if len(usable) == 1 and usable[0].type is ColumnType.TEXT else None


def fit_transform_recipe(name: str, data: RecipeData) -> tuple[Recipe, FloatMatrix]:
    """Return a recipe learnt from the training rows, and the matrix (n_training_rows, n_features) of them to learn a
    model from. It differs from what the recipe's `transform` makes of them where a feature is made of the target:
    there, every row is encoded from other rows.

    raises    DataFault if no column is of use
    """
    card = recipe_card(name)
    recipe, encoded, usable = _fitted(card, data)
    X = _matrix(recipe, encoded, data)
    if not card.most_pairs:
        return recipe, X
    halves = data.parts_of_training_rows(data.seed, 2)
    pairing = PairingData(X, recipe.features, data.targets, data.n_classes, data.seed, halves)
    most = min(card.most_pairs, MAX_WIDTH - X.shape[1])
    pairs = Interactions(choose_pairs(pairing, usable, data.columns, data.rows, most))
    return _with_pairs(recipe, X, pairs, data)


def fit_recipe(name: str, data: RecipeData) -> tuple[Recipe, dict[int, FloatMatrix]]:
    """Return a recipe without interactions learnt from the training rows, one column in memory at a time; and, by the
    number of a step, what it makes of the training rows (n_training_rows, ..) where that is not what `transform` makes
    of them.

    raises    DataFault if no column is of use
    """
    recipe, encoded, _ = _fitted(recipe_card(name), data)
    return recipe, encoded


def has_pairs(name: str) -> bool:
    """Return whether a recipe looks for interactions, for which it needs the whole matrix."""
    return bool(recipe_card(name).most_pairs)


def _fitted(
    card: RecipeCard, data: RecipeData
) -> tuple[Recipe, dict[int, FloatMatrix], Sequence[ColumnSpec]]:
    """Return as `fit_recipe`, and the columns that could be used.

    raises    DataFault if no column is of use
    """
    usable = [spec for spec in data.specs if spec.type in card.makers]
    dropped: dict[str, str] = {}
    if len(usable) > MAX_WIDTH:
        kept = strongest(usable, data, MAX_WIDTH)
        dropped = {
            spec.name: f"{MAX_WIDTH} other columns have a higher prediction power"
            for spec in usable
            if spec.name not in kept
        }
        usable = [spec for spec in usable if spec.name in kept]
    fitting = _Fitting(data)
    widths = _widths(usable)
    makers_of = dict(card.makers)
    if _text_alone(usable) is not None:
        n_rows, has_grams = len(data.targets), bool(data.grams)
        found = makers_of_text(card, n_rows, data.n_classes, has_grams=has_grams)
        makers_of[ColumnType.TEXT] = found
    for position, spec in enumerate(usable):
        makers = makers_of[spec.type]
        reason = fitting.add(spec, makers, widths[spec.type], position)
        if reason is not None:
            dropped[spec.name] = reason
    if not fitting.steps:
        reasons = "; ".join(f"'{column}': {reason}" for column, reason in list(dropped.items())[:5])
        raise DataFault(
            "No column of the data can be used as a feature"
            + (
                f" ({reasons})."
                if reasons
                else ": there is none besides identifiers and constants."
            )
        )
    return Recipe(card.name, fitting.steps, dropped), fitting.encoded, usable


def _matrix(recipe: Recipe, encoded: dict[int, FloatMatrix], data: RecipeData) -> FloatMatrix:
    """Return the matrix of the training rows, without interactions; what is encoded is let go."""
    made = np.empty((len(data.targets), len(recipe.features)), np.float32)
    start = 0
    for number, (source, transformer) in enumerate(recipe.steps):
        part = encoded.pop(number, None)
        if part is None:
            part = transformer.transform(data.values(source))
        made[:, start : start + part.shape[1]] = part
        start += part.shape[1]
    return made


def _with_pairs(
    recipe: Recipe, X: FloatMatrix, pairs: Interactions, data: RecipeData
) -> tuple[Recipe, FloatMatrix]:
    if not pairs.pairs:
        return recipe, X
    used = {source for feature in pairs.features() for source in feature.sources}
    values = {source: data.values(source) for source in used}
    more = pairs.transform(values, len(X))
    return Recipe(recipe.name, recipe.steps, recipe.dropped, pairs), np.hstack([X, more])


def _widths(specs: Sequence[ColumnSpec]) -> dict[ColumnType, int]:
    """Features that one column of each type may make: the rule of MAX_WIDTH."""
    n_numeric = sum(spec.type is ColumnType.NUMERIC for spec in specs)
    n_other = len(specs) - n_numeric
    fitting = [n for n in (2, 3) if n * n_numeric + n_other <= MAX_WIDTH]
    numeric = max(fitting, default=1)
    other = (MAX_WIDTH - numeric * n_numeric) // max(1, n_other)
    return {
        kind: numeric if kind is ColumnType.NUMERIC else other
        for kind in ColumnType
        if kind.is_feature
    }


class _Fitting:
    """Transformers fitted so far.

    encoded   by the number of a step: what it makes of the training rows, if that is not what it makes of others
    """

    def __init__(self, data: RecipeData) -> None:
        self._data, self._y = data, data.targets
        self.steps: list[tuple[str, ColumnTransformer]] = []
        self.encoded: dict[int, FloatMatrix] = {}

    def add(
        self, spec: ColumnSpec, makers: Sequence[Maker], width: int, position: int
    ) -> str | None:
        """Return why nothing of the column is of use, or None."""
        values = self._data.values(spec.name)
        seed = self._data.seed + position
        reason: str | None = None
        n_before, left = len(self.steps), width
        for make in makers:
            if not left:
                break
            data, name = self._data, spec.name
            tables = data.tables.get(name), data.grams.get(name)
            transformer = make(TransformerSetting(name, left, data.n_classes, seed, *tables))
            try:
                part = self._fit(transformer, values, seed)
            except RejectColumn as rejection:
                reason = reason or str(rejection)
                continue
            n_made = len(transformer.features())
            if n_made <= left:
                left -= n_made
                if part is not None:
                    self.encoded[len(self.steps)] = part
                self.steps.append((spec.name, transformer))
            else:
                reason = reason or f"there are too many features to add its {n_made}"
        return reason if len(self.steps) == n_before else None

    def _fit(self, transformer: ColumnTransformer, values: Values, seed: int) -> FloatMatrix | None:
        """Return what it makes of the training rows; None if that is what it makes of any."""
        if isinstance(transformer, TargetMeans | TextScores):
            return transformer.fit_transform(
                values, self._y, self._data.parts_of_training_rows(seed)
            )
        transformer.fit(values, self._y)
        return None
