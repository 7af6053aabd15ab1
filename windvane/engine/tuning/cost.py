"""What training a plan costs, in seconds and in megabytes: guesses from the size of the table, made before
anything is trained and, for the time, corrected by what was tried."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.plan import MAX_WIDTH


@dataclass(frozen=True)
class Cost:
    """Of one algorithm.

    cell_s      seconds of a fit for each row and feature, beside the _FIXED_ROWS
    fixed_mb    held at the peak whatever the table: the process, histograms
    cell_bytes  for each row and feature: copies, bins
    row_bytes   for each row and output: gradients, scores, the leaves of a forest
    most_row_mb those of all rows; the leaves of a forest are limited
    model_mb    for each class that has a model of its own
    planned_s   seconds of a fit on 1,000 rows that the learner plans to take, growing with the power 0.6 of the rows
    library_s   of loading what it is fitted with, which a candidate of a short search does itself; counted in every
                search, for in a long one it is little
    """

    cell_s: float
    fixed_mb: float
    cell_bytes: float
    row_bytes: float
    most_row_mb: float = math.inf
    model_mb: float = 0.0
    planned_s: float = 0.0
    library_s: float = 0.0

    def n_models(self, analysis: Analysis) -> int:
        return max(1, analysis.n_classes - 1) if self.model_mb else 1


_COSTS: Mapping[str, Cost] = {
    "lightgbm": Cost(1.5e-6, 90, 16, 60, model_mb=4),
    "xgboost": Cost(1.5e-6, 90, 14, 60, model_mb=7),
    "catboost": Cost(2.5e-6, 200, 18, 120, model_mb=5, library_s=1.1),
    "linear-learner": Cost(0.4e-6, 90, 12, 60, model_mb=0.1, library_s=0.4),
    "randomforest": Cost(4e-6, 90, 8, 3000, most_row_mb=300, library_s=1.4),
    "extra-trees": Cost(3e-6, 90, 8, 4000, most_row_mb=350, library_s=1.4),
    "mlp": Cost(0.5e-6, 90, 12, 200, planned_s=1.4),
    "nn-torch": Cost(5e-6, 350, 16, 300, planned_s=1.5),
    "fastai": Cost(0.5e-6, 350, 16, 300, planned_s=0.6),
    "neighbors": Cost(1e-6, 120, 16, 100),
    "baseline": Cost(1e-9, 80, 0, 60),
}
"""Measured on tables of 3,000 x 20 to 100,000 x 50, numbers and categories, two and ten classes."""

_FIXED_ROWS = 5_000
"""Rows whose time every fit takes: what a round costs on small tables does not depend on the rows."""

_OVERHEAD_S = 0.3
_MB = 1024**2


def predicted_s(analysis: Analysis, plan: Plan, tried: Sequence[Tried]) -> float:
    """Expected wall clock of training this plan on one thread, from the data's size and from `tried`."""
    width = cache(partial(_width, analysis))  # which looks at every column
    guess = _expected_s(analysis, plan, width(plan.recipe))
    finished = [one for one in tried if one.objective is not None]
    own = [one for one in finished if one.plan.algorithm == plan.algorithm]
    if not finished:
        return guess
    return guess * statistics.median(
        one.took_s / _expected_s(analysis, one.plan, width(one.plan.recipe))
        for one in own or finished
    )


def expected_s(analysis: Analysis, plan: Plan) -> float:
    """The same from the data's size alone."""
    return _expected_s(analysis, plan, _width(analysis, plan.recipe))


def _expected_s(analysis: Analysis, plan: Plan, width: int) -> float:
    """width    features that the plan's recipe makes"""
    cost = _COSTS[plan.algorithm]
    cells = (analysis.n_rows + _FIXED_ROWS) * width
    effort = _EFFORTS.get(plan.algorithm, _as_usual)(plan.hyperparameters)
    planned_s = cost.planned_s * math.pow(analysis.n_rows / 1_000, 0.6)
    fit_s = cost.cell_s * cells * cost.n_models(analysis) + planned_s
    return _OVERHEAD_S + cost.library_s + fit_s * analysis.n_folds * effort


def predicted_mb(analysis: Analysis, plan: Plan) -> float:
    """Expected peak memory in MiB of the process that trains this plan."""
    cost = _COSTS[plan.algorithm]
    cells = analysis.n_rows * _width(analysis, plan.recipe)
    outputs = analysis.n_rows * max(1, analysis.n_classes)
    of_rows_mb = min(cost.row_bytes * outputs / _MB, cost.most_row_mb)
    of_models_mb = cost.model_mb * cost.n_models(analysis)
    return cost.fixed_mb + cost.cell_bytes * cells / _MB + of_rows_mb + of_models_mb


# how much more work hyperparameters ask for than usual ones


def _as_usual(_: Mapping[str, Any]) -> float:
    return 1.0


def _within(effort: float) -> float:
    return min(max(effort, 0.3), 4.0)


def _of_leaves(h: Mapping[str, Any]) -> float:
    return _within((h.get("num_leaves", 31) / 31 * 0.06 / h.get("learning_rate", 0.06)) ** 0.5)


def _of_levels(h: Mapping[str, Any]) -> float:
    return _within(h.get("max_depth", 6) / 6 * (0.08 / h.get("eta", 0.08)) ** 0.5)


def _of_symmetric_levels(h: Mapping[str, Any]) -> float:
    return _within(2 ** ((h.get("depth", 6) - 6) / 2) * (0.1 / h.get("learning_rate", 0.1)) ** 0.5)


def _of_networks(h: Mapping[str, Any]) -> float:
    units = h.get("n_networks", 3) * h.get("n_layers", 3) / 9
    return _within(units * (h.get("n_hidden", 96) / 96) ** 1.5)


def _of_members(h: Mapping[str, Any]) -> float:
    units = h.get("n_members", 8) * h.get("n_layers", 2) * h.get("n_hidden", 128)
    return _within((units / 2048) ** 0.5)


def _of_epochs(h: Mapping[str, Any]) -> float:
    return _within(h.get("epochs", 30) / 30)


_EFFORTS: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "lightgbm": _of_leaves,
    "xgboost": _of_levels,
    "catboost": _of_symmetric_levels,
    "mlp": _of_networks,
    "nn-torch": _of_members,
    "fastai": _of_epochs,
}
"""Rounds grow as steps shrink, but less: early stopping ends them. Forests choose nothing that costs much."""


# how wide a recipe makes the table

_WIDTHS: Mapping[str, Mapping[ColumnType, int]] = {
    "dpp0": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
    "dpp1": {ColumnType.DATETIME: 8, ColumnType.TEXT: 204},
    "dpp2": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
    "dpp3": {ColumnType.NUMERIC: 2, ColumnType.DATETIME: 8, ColumnType.TEXT: 104},
    "dpp4": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
}
_MOST_ONE_HOT: Mapping[str, int] = {"dpp1": 100, "dpp3": 24}


def _width(analysis: Analysis, recipe: str) -> int:
    """Features that the recipe will make, roughly and rather too many than too few."""
    total = sum(width_of(analysis, column, recipe) for column in analysis.features)
    return min(max(1, total), MAX_WIDTH)


def width_of(analysis: Analysis, column: ColumnSpec, recipe: str) -> int:
    """Features that the recipe will make of a column, roughly."""
    if column.type is not ColumnType.CATEGORICAL:
        return _WIDTHS.get(recipe, {}).get(column.type, 1)
    if recipe in _MOST_ONE_HOT:
        distinct = analysis.statistics.get(column.name, {}).get("distinct", 2)
        return min(int(distinct), _MOST_ONE_HOT[recipe])
    return 2 if analysis.n_classes <= 2 else min(analysis.n_classes, 10)
