"""What no candidate exceeds whatever is drawn for it: leaves of a model, which are its size, the time to load it and
much of a row's latency, and the histograms that are held while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.tuning import cost

_MOST_LEAVES = 200_000
"""Of all trees: 14 MB of a LightGBM model and up to 30 of an XGBoost model, and 120 to 160 MB while it is trained."""

_MOST_TREE_LEAVES = 256
_LEAST_ROUNDS = 100
_LEAST_REACH = 15.0
"""Rounds times step: with less a booster ends before it has learnt what it could."""

_LARGEST_STEP = 0.3

_MOST_HISTOGRAM_BYTES = 48 * 1024**2
_BUCKET_BYTES = 32
_TIMES_SAMPLED = 3
"""As many histograms are held by CatBoost where each level asks a sample of the columns: what was summed up for a leaf
says nothing of its children then. Measured on public tables: 55 to 230 MB instead of 16 to 35."""

_FEWEST_BORDERS, _LEAST_DEPTH = 32, 4

Hyperparameters = dict[str, Any]


def bounded(
    analysis: Analysis, algorithm: str, recipe: str, hyperparameters: Hyperparameters
) -> Hyperparameters:
    """The hyperparameters, or those nearest to them that keep within the bounds."""
    bound = _BOUNDS.get(algorithm)
    return hyperparameters if bound is None else bound(analysis, recipe, hyperparameters)


def _lightgbm(analysis: Analysis, _: str, given: Hyperparameters) -> Hyperparameters:
    leaves = min(int(given["num_leaves"]), _most_tree_leaves(analysis))
    rounds = _most_rounds(analysis, leaves, int(given["num_iterations"]))
    step = _least_step(float(given["learning_rate"]), rounds)
    return {**given, "num_leaves": leaves, "num_iterations": rounds, "learning_rate": step}


def _xgboost(analysis: Analysis, _: str, given: Hyperparameters) -> Hyperparameters:
    leaves = min(1 << int(given["max_depth"]), _most_tree_leaves(analysis))
    rounds = _most_rounds(analysis, leaves, int(given["num_round"]))
    step = _least_step(float(given["eta"]), rounds)
    return {**given, "max_leaves": leaves, "num_round": rounds, "eta": step}


def _catboost(analysis: Analysis, recipe: str, given: Hyperparameters) -> Hyperparameters:
    depth, borders = int(given["depth"]), int(given["border_count"])
    times = _trees_a_round(analysis) * (_TIMES_SAMPLED if given["rsm"] < 1 else 1)

    def is_too_much() -> bool:
        buckets = _buckets(analysis, recipe, borders) * times
        return (buckets << depth - 1) * _BUCKET_BYTES > _MOST_HISTOGRAM_BYTES

    while is_too_much() and borders > _FEWEST_BORDERS:
        borders = max(_FEWEST_BORDERS, borders // 2)
    while is_too_much() and depth > _LEAST_DEPTH:
        depth -= 1
    rounds = _most_rounds(analysis, 1 << depth, int(given["iterations"]))
    step = _least_step(float(given["learning_rate"]), rounds)
    changed = {"depth": depth, "border_count": borders, "iterations": rounds, "learning_rate": step}
    return {**given, **changed}


_BOUNDS: Mapping[str, Callable[[Analysis, str, Hyperparameters], Hyperparameters]] = {
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "catboost": _catboost,
}


def _trees_a_round(analysis: Analysis) -> int:
    return analysis.n_classes if analysis.n_classes > 2 else 1


def _most_tree_leaves(analysis: Analysis) -> int:
    """So few that there may be a sound number of rounds."""
    return min(
        _MOST_TREE_LEAVES, max(2, _MOST_LEAVES // (_LEAST_ROUNDS * _trees_a_round(analysis)))
    )


def _most_rounds(analysis: Analysis, leaves: int, wanted: int) -> int:
    return max(1, min(wanted, _MOST_LEAVES // (leaves * _trees_a_round(analysis))))


def _least_step(wanted: float, rounds: int) -> float:
    """Of fewer rounds larger steps are asked for."""
    return max(wanted, min(_LARGEST_STEP, round(_LEAST_REACH / rounds, 6)))


def _buckets(analysis: Analysis, recipe: str, borders: int) -> int:
    """Of all features that the recipe makes."""
    return sum(_buckets_of(analysis, column, recipe, borders) for column in analysis.features)


def _buckets_of(analysis: Analysis, column: ColumnSpec, recipe: str, borders: int) -> int:
    most = borders
    if column.type is ColumnType.NUMERIC:
        most = min(most, int(analysis.statistics.get(column.name, {}).get("distinct", most)))
    return cost.width_of(analysis, column, recipe) * most
