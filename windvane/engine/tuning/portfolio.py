"""The candidates that every search begins with: defaults of each algorithm, then proven variations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.target_transform import LOG, TARGET_TRANSFORM, suggests_transform

_MANY_VALUES = 32

Applies = Callable[[Analysis], bool]


@dataclass(frozen=True)
class Opening:
    """A candidate to begin with: an algorithm's defaults with `changes` laid over them.

    recipe   "" for the one that the algorithm prefers
    applies  to which tables it is tried on
    """

    algorithm: str
    why: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    applies: Applies = lambda _: True


def openings_for(analysis: Analysis) -> tuple[Opening, ...]:
    """Those that apply to the table, in order."""
    return tuple(opening for opening in OPENINGS if opening.applies(analysis))


def has_long_tail(analysis: Analysis) -> bool:
    """Whether the target is of amounts whose logarithm may be easier to learn."""
    statistics = analysis.statistics.get(analysis.target, {})
    return not analysis.n_classes and suggests_transform(statistics)


def _is_even(analysis: Analysis) -> bool:
    return not has_long_tail(analysis)


def _gains_from_pairs(analysis: Analysis) -> bool:
    """Whether the recipe with target means and pairs of numbers makes more of the table than plain values."""
    n_numbers = sum(column.type is ColumnType.NUMERIC for column in analysis.features)
    return n_numbers >= 2 or any(
        column.type is ColumnType.CATEGORICAL
        and int(analysis.statistics.get(column.name, {}).get("distinct", 0)) > _MANY_VALUES
        for column in analysis.features
    )


_LOG = {TARGET_TRANSFORM: LOG}
_LOG_WHY = "the target's logarithm, because of its long tail"

OPENINGS: tuple[Opening, ...] = (
    Opening("lightgbm", "sound defaults, quick to train"),
    Opening("linear-learner", "what a straight line explains", applies=_is_even),
    Opening("linear-learner", _LOG_WHY, _LOG, applies=has_long_tail),
    Opening("catboost", "sound defaults, strong on categories", applies=_is_even),
    Opening("catboost", _LOG_WHY, _LOG, applies=has_long_tail),
    Opening("mlp", "smooth functions, which trees lack", applies=_is_even),
    Opening("mlp", _LOG_WHY, _LOG, applies=has_long_tail),
    Opening(
        "lightgbm",
        "random splits: smoother, less overfitted",
        {"extra_trees": True, "learning_rate": 0.08, "num_leaves": 40, "feature_fraction": 0.8},
    ),
    Opening(
        "lightgbm",
        "pairs of numbers and target means",
        recipe="dpp4",
        applies=_gains_from_pairs,
    ),
    Opening("xgboost", "sound defaults", applies=_is_even),
    Opening("xgboost", _LOG_WHY, _LOG, applies=has_long_tail),
    Opening("extra-trees", "errs differently from boosted trees"),
    Opening("catboost", "sound defaults, strong on categories", applies=has_long_tail),
    Opening(
        "catboost",
        "deeper trees with more restraint",
        {"depth": 8, "l2_leaf_reg": 8.0, "rsm": 0.7},
    ),
    Opening(
        "lightgbm",
        "small trees, small steps",
        {
            "learning_rate": 0.03,
            "num_leaves": 8,
            "min_data_in_leaf": 5,
            "feature_fraction": 0.5,
            "lambda_l2": 5.0,
        },
    ),
    Opening(
        "xgboost",
        "deep trees, few columns and rows each",
        {"max_depth": 9, "subsample": 0.7, "colsample_bytree": 0.5, "min_child_weight": 4.0},
    ),
    Opening("randomforest", "errs differently from boosted trees"),
)
"""The order matters: what is quick comes early, and what errs differently, for the ensemble, before variations."""
