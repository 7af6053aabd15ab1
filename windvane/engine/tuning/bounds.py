"""What no candidate exceeds whatever is drawn for it, as its learner says (`Traits.bounded`)."""

from __future__ import annotations

from functools import partial

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.traits import Hyperparameters, TableSize
from windvane.engine.tuning import cost


def bounded(
    analysis: Analysis, algorithm: str, recipe: str, hyperparameters: Hyperparameters
) -> Hyperparameters:
    """Return the hyperparameters, or those nearest to them that keep within the bounds."""
    table = TableSize(analysis.n_classes, partial(_buckets, analysis, recipe))
    return learner(algorithm).traits.bounded(hyperparameters, table)


def _buckets(analysis: Analysis, recipe: str, borders: int) -> int:
    """Return the buckets of all features that the recipe makes."""
    return sum(_buckets_of(analysis, column, recipe, borders) for column in analysis.features)


def _buckets_of(analysis: Analysis, column: ColumnSpec, recipe: str, borders: int) -> int:
    most = borders
    if column.type is ColumnType.NUMERIC:
        most = min(most, int(analysis.statistics.get(column.name, {}).get("distinct", most)))
    return cost.width_of(analysis, column, recipe) * most
