"""The candidates that every search begins with: defaults of each algorithm, then proven variations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Opening:
    """A candidate to begin with: an algorithm's defaults with `changes` laid over them."""

    algorithm: str
    why: str
    changes: Mapping[str, Any] = field(default_factory=dict)


OPENINGS: tuple[Opening, ...] = (
    Opening("lightgbm", "sound defaults, quick to train"),
    Opening("linear-learner", "what a straight line explains"),
    Opening("catboost", "sound defaults, strong on categories"),
    Opening("xgboost", "sound defaults"),
    Opening("extra-trees", "errs differently from boosted trees"),
    Opening("randomforest", "errs differently from boosted trees"),
    Opening(
        "lightgbm",
        "random splits: smoother, less overfitted",
        {"extra_trees": True, "learning_rate": 0.05, "num_leaves": 63, "feature_fraction": 0.6},
    ),
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
)
"""The order matters: what is quick comes early, and what errs differently, for the ensemble, before variations."""
