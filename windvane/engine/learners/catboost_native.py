"""CatBoost's own calls: training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import FittedModel, Rows, Setting
from windvane.engine.learners.catboost_export import exported
from windvane.engine.learners.catboost_trees import CatBoostTrees
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.oblivious import ObliviousTrees
from windvane.engine.learners.patience import Patience
from windvane.errors import CandidateFault

_CHECKED_ROWS = 200
_NEVER = -1_000.0
"""The score of a class whose probability is 0: its exponential is."""


class Layout:
    """A recipe's matrix as CatBoost wants it: numbers as they are, codes as names.

    cardinalities    (n_features,) codes of each feature, 0 for numbers
    places           (n_features + 1,) where CatBoost has each feature, and what comes after them
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        self.cardinalities = list(cardinalities)
        self._numbers = [i for i, n in enumerate(cardinalities) if n == 0]
        self._codes = [i for i, n in enumerate(cardinalities) if n > 0]
        order = [*self._numbers, *self._codes, len(self.cardinalities)]
        self.places = np.argsort(order)
        names = [b"", *(str(i).encode() for i in range(max(cardinalities, default=0)))]
        self._names = np.array(names, object)

    def data(self, X: FloatMatrix) -> Any:
        numbers = np.ascontiguousarray(X[:, self._numbers]) if self._numbers else None
        names = None
        if self._codes:
            codes = np.where(np.isnan(X[:, self._codes]), -1, X[:, self._codes])
            names = self._names[codes.astype(np.int64) + 1]
        return catboost.FeaturesData(num_feature_data=numbers, cat_feature_data=names)


class _Watch:
    def __init__(self, patience: Patience, metric: str) -> None:
        self._patience = patience
        self._metric = metric

    def after_iteration(self, info: Any) -> bool:
        """Return whether to go on."""
        scores = info.metrics.get("validation") if info.metrics else None
        return not self._patience.is_over(scores[self._metric][-1] if scores else None)


def train_model(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    setting: Setting,
    patience: Patience,
) -> FittedModel:
    """Train a CatBoost model.

    raises    CandidateFault
    """
    model, layout = trained(train, valid, parameters, setting, patience)
    n_outputs = setting.n_classes if setting.n_classes > 2 else 1
    met = np.unique(train.y).astype(np.int64) if n_outputs > 1 else np.zeros(1, np.int64)
    rows = train.X[:_CHECKED_ROWS]
    trees = exported(model, layout.data, layout.cardinalities, len(met), rows)
    if trees is None:
        raise CandidateFault("CatBoost made no trees of these rows that could be kept as arrays.")
    return CatBoostTrees(_of_all_classes(trees, met, n_outputs), setting.n_classes)


def _of_all_classes(
    trees: ObliviousTrees, met: NDArray[np.int64], n_outputs: int
) -> ObliviousTrees:
    """Return the same trees with outputs for the classes that no training row has, which are never answered.

    met    (n_classes_met,) the classes that the trees' outputs are of
    """
    if len(met) == n_outputs:
        return trees
    values, bias = np.zeros((len(trees.values), n_outputs)), np.full(n_outputs, _NEVER)
    values[:, met], bias[met] = trees.values, trees.bias
    return replace(trees, values=values, bias=bias)


def trained(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    setting: Setting,
    patience: Patience,
) -> tuple[Any, Layout]:
    """Return a catboost.CatBoost, and what it takes.

    raises    CandidateFault
    """
    layout = Layout([feature.cardinality for feature in setting.features])
    try:
        model = catboost.CatBoost(parameters)
        model.fit(
            _pool(train, layout),
            eval_set=None if valid is None else _pool(valid, layout),
            use_best_model=False,
            callbacks=[_Watch(patience, parameters["eval_metric"])],
        )
        model.shrink(patience.best_round)
    except (catboost.CatBoostError, MemoryError) as error:
        raise candidate_fault("CatBoost", error) from error
    return model, layout


def _pool(rows: Rows, layout: Layout) -> Any:
    return catboost.Pool(layout.data(rows.X), rows.y, weight=rows.weight)
