"""What training a plan costs, in seconds and in megabytes: guesses from the size of the table, made before
anything is trained and, for the time, corrected by what was tried. What an algorithm costs its learner says
(`Traits.cost`)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from windvane.engine.candidates import Plan, Tried
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.features.cards import MOST_SCORES
from windvane.engine.features.plan import MAX_WIDTH
from windvane.engine.learners.catalogue import learner
from windvane.engine.learners.members import BINNING_ROWS
from windvane.engine.learners.traits import MANY_ROWS

_FIXED_ROWS = 5_000
"""Rows whose time every fit takes: what a round costs on small tables does not depend on the rows."""

_OVERHEAD_S = 0.3
_MB = 1024**2
_TABLE_ROW_BYTES = 24
"""For each output of a row that is not learnt from: predictions, masks."""


def predicted_s(analysis: Analysis, plan: Plan, tried: Sequence[Tried]) -> float:
    """Expected wall clock of training this plan on one thread, from the data's size and from `tried`."""
    widths = cache(partial(width, analysis))  # which looks at every column
    guess = _expected_s(analysis, plan, widths(plan.recipe))
    finished = [one for one in tried if one.objective is not None]
    own = [one for one in finished if one.plan.algorithm == plan.algorithm]
    if not finished:
        return guess
    return guess * statistics.median(
        one.took_s / _expected_s(analysis, one.plan, widths(one.plan.recipe))
        for one in own or finished
    )


def expected_s(analysis: Analysis, plan: Plan) -> float:
    """Return the same from the data's size alone."""
    return _expected_s(analysis, plan, width(analysis, plan.recipe))


def _expected_s(analysis: Analysis, plan: Plan, n_features: int) -> float:
    """Return the expected seconds of one training.

    n_features    that the plan's recipe makes
    """
    traits = learner(plan.algorithm).traits
    cost, n_rows = traits.cost, plan.n_rows or analysis.n_rows
    cells = (n_rows + _FIXED_ROWS) * n_features
    effort = traits.effort(plan.hyperparameters)
    planned_s = cost.planned_s * math.pow(n_rows / 1_000, 0.6)
    fit_s = cost.cell_s * cells * cost.n_models(analysis.n_classes) + planned_s
    return _OVERHEAD_S + cost.library_s + fit_s * analysis.n_folds * effort


def predicted_mb(analysis: Analysis, plan: Plan) -> float:
    """Expected peak memory in MiB of the process that trains this plan."""
    traits = learner(plan.algorithm).traits
    cost, n_rows, n_outputs = (
        traits.cost,
        plan.n_rows or analysis.n_rows,
        max(1, analysis.n_classes),
    )
    cell_bytes, row_bytes = cost.cell_bytes, cost.row_bytes
    if cost.in_blocks is not None and n_rows >= MANY_ROWS:
        cell_bytes, row_bytes = cost.in_blocks.cell_bytes, cost.in_blocks.row_bytes
    cells = n_rows * width(analysis, plan.recipe)
    of_rows_mb = min(row_bytes * n_rows * n_outputs / _MB, cost.most_row_mb)
    of_table_mb = _TABLE_ROW_BYTES * (analysis.n_rows - n_rows) * n_outputs / _MB
    of_models_mb = cost.model_mb * cost.n_models(analysis.n_classes)
    return cost.fixed_mb + cell_bytes * cells / _MB + of_rows_mb + of_table_mb + of_models_mb


def member_mb(analysis: Analysis, plan: Plan, n_members: int) -> float:
    """Expected peak memory in MiB of each of several processes that train this plan together, if its algorithm can do so."""
    long_fit, n_rows = learner(plan.algorithm).traits.long_fit, plan.n_rows or analysis.n_rows
    if n_members < 2 or long_fit is None:
        return predicted_mb(analysis, plan)
    held = max(n_rows // n_members, min(n_rows, BINNING_ROWS))  # one after the other
    of_rows_mb = predicted_mb(analysis, replace(plan, n_rows=held))
    return of_rows_mb + long_fit.shared_mb(plan.hyperparameters, width(analysis, plan.recipe))


# how wide a recipe makes the table

_WIDTHS: Mapping[str, Mapping[ColumnType, int]] = {
    "dpp0": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
    "dpp1": {ColumnType.DATETIME: 8, ColumnType.TEXT: 204},
    "dpp2": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
    "dpp3": {ColumnType.NUMERIC: 2, ColumnType.DATETIME: 8, ColumnType.TEXT: 104},
    "dpp4": {ColumnType.DATETIME: 8, ColumnType.TEXT: 68},
}
_MOST_ONE_HOT: Mapping[str, int] = {"dpp1": 100, "dpp3": 24}


def width(analysis: Analysis, recipe: str) -> int:
    """Return the features that the recipe will make, roughly and rather too many than too few."""
    total = sum(width_of(analysis, column, recipe) for column in analysis.features)
    return min(max(1, total), MAX_WIDTH)


def width_of(analysis: Analysis, column: ColumnSpec, recipe: str) -> int:
    """Features that the recipe will make of a column, roughly."""
    if column.type is not ColumnType.CATEGORICAL:
        made = _WIDTHS.get(recipe, {}).get(column.type, 1)
        is_text_alone = column.type is ColumnType.TEXT and len(analysis.features) == 1
        return made + min(max(1, analysis.n_classes), MOST_SCORES) if is_text_alone else made
    if recipe in _MOST_ONE_HOT:
        distinct = analysis.statistics.get(column.name, {}).get("distinct", 2)
        return min(int(distinct), _MOST_ONE_HOT[recipe])
    return 2 if analysis.n_classes <= 2 else min(analysis.n_classes, 10)
