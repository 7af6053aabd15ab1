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
)
