"""Exact Shapley values of a single model that is a sum of trees, added up from its features to the raw columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, FloatMatrix
from windvane.engine.explain.attribution import Attribution, taken
from windvane.engine.explain.budget import Budget
from windvane.engine.explain.margins import centred
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import AdditiveModel
from windvane.engine.packages.predictor import LoadedMember, Predictor

_FIRST_ROWS = 10
"""Explained to see how long a row takes."""

_LEAST_ROWS = 20


def exact_attribution(
    predictor: Predictor, names: Sequence[str], cells: Columns, n_rows: int, budget: Budget
) -> Attribution | None:
    """Shapley values over the features of the matrix, on the scale of margins.py, those of a column added up. A
    feature of several columns is shared equally among them. Fewer rows, the first ones, if the time is short for all.

    names     of the columns to speak of
    cells     typed, `n_rows` values each
    returns   None if the model is no single sum of trees on this scale: an ensemble, a network, a forest, trees of
              a transformed target
    """
    member = predictor.members[0]
    if len(predictor.members) > 1 or member.weight != 1 or predictor.second_layer is not None:
        return None
    model = member.model
    if not isinstance(model, AdditiveModel):
        return None
    recipe = predictor.recipes[member.recipe]
    X = recipe.transform(cells)
    shares = column_shares(recipe.features, names)
    first = _contributions(model, X[:_FIRST_ROWS], shares)
    if first is None:
        return None
    fitting = int(_FIRST_ROWS * budget.left_s / max(budget.used_s, 1e-9))
    n_explained = min(n_rows, max(_LEAST_ROWS, fitting))
    made = _contributions(model, X[:n_explained], shares)
    if made is None:
        return None
    made = centred(made / _temperature(predictor, member))
    return _attribution(made, taken(cells, slice(0, 0)))


def column_shares(features: Sequence[Feature], names: Sequence[str]) -> NDArray[np.float64]:
    """Return (n_features, n_columns): each feature's row adds up to 1, in equal parts for the columns it comes from."""
    place = {name: i for i, name in enumerate(names)}
    shares = np.zeros((len(features), len(names)))
    for own, feature in zip(shares, features, strict=True):
        for source in feature.sources:
            own[place[source]] += 1 / len(feature.sources)
    return shares


def _contributions(
    model: AdditiveModel, X: FloatMatrix, shares: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return (n_rows, n_columns + 1, n_outputs): of scores, the expected one last."""
    of_features = model.contributions(X)
    if of_features is None:
        return None
    of_columns = shares.T @ of_features[:, :-1]
    return np.concatenate([of_columns, of_features[:, -1:]], axis=1)


def _temperature(predictor: Predictor, member: LoadedMember) -> float:
    """Probabilities to the power of 1/T are those of scores divided by T; values have no temperature."""
    return member.temperature * predictor.temperature if predictor.schema.labels else 1.0


def _attribution(made: NDArray[np.float64], background: Columns) -> Attribution:
    values, expected = made[:, :-1], made[0, -1]
    return Attribution(
        values=values,
        errors=np.zeros_like(values),
        expected=expected,
        expected_errors=np.zeros_like(expected),
        common_errors=np.zeros_like(values[0]),
        background=background,
        pairs=0,
    )
