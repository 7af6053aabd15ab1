"""Every learner: one row each. A learner's module, and with it its library, is imported when it is first used: serving
one model does not load the libraries of the others.

A further learner is a file of this package, which keeps the contract of base.py, and a row here; its image is a name in
domain/images.py, and if every search is to try it, it is an opening in engine/tuning/portfolio.py (docs/engine.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from windvane.engine.learners.base import Clock, FittedModel, Learner, Rows, Setting
from windvane.engine.learners.extras import CATBOOST, EXTRAS, TORCH, is_installed
from windvane.engine.learners.residual import RESIDUAL, fit_residual, is_residual, load_residual
from windvane.engine.learners.space import Space
from windvane.engine.learners.target_transform import (
    TARGET_TRANSFORM,
    fit_transformed,
    is_transformed,
    load_transformed,
)
from windvane.engine.learners.traits import Traits
from windvane.errors import CandidateFault
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_HERE = "windvane.engine.learners"


@dataclass(frozen=True)
class LearnerCard:
    """The row of a learner in the catalogue: its facts that are known without its module.

    module       of this package
    title        plain words for reports; `description` sentences for those who ask how it works
    attribute    of the module: the learner
    is_monotone  whether its predictions keep monotone constraints
    library      the module that it is fitted with, which takes a while to load; "" for NumPy alone
    """

    name: str
    module: str
    recipes: tuple[str, ...]
    title: str
    description: str
    attribute: str = "LEARNER"
    is_monotone: bool = False
    library: str = ""

    @property
    def is_trainable(self) -> bool:
        """Return whether its library is installed, which that of an extra may not be. Models answer without it."""
        return self.library not in EXTRAS or is_installed(self.library)

    @property
    def traits(self) -> Traits:
        return self._learner().traits

    def space(self, setting: Setting, n_rows: int) -> Space:
        return self._learner().space(setting, n_rows)

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        return self._learner().defaults(setting, n_rows)

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> FittedModel:
        """Train as the learner does; with the hyperparameter `target_transform`, on the transformed target. Rows of
        weight 0 are not there for it.

        raises    CandidateFault as well if its library is an extra that is not installed, if no row has a weight, or
                  if it cannot keep constraints
        """
        if not self.is_trainable:
            raise CandidateFault(Note(NoteCode.EXTRA_MISSING, {"extra": self.library}))
        if setting.monotone and not self.is_monotone:
            raise CandidateFault(
                f"The algorithm {self.name} does not support monotone constraints; "
                f"{', '.join(sorted(MONOTONE))} do."
            )
        train = _counting(train)
        valid = None if valid is None else _counting(valid)
        if hyperparameters.get(TARGET_TRANSFORM) == RESIDUAL:
            return fit_residual(self._learner(), train, valid, hyperparameters, setting, clock)
        if TARGET_TRANSFORM in hyperparameters:
            return fit_transformed(self._learner(), train, valid, hyperparameters, setting, clock)
        return self._learner().fit(train, valid, hyperparameters, setting, clock)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return self._learner().with_rounds(hyperparameters, rounds)

    def load(self, folder: Path) -> FittedModel:
        if is_residual(folder):
            return load_residual(folder, self._learner())
        if is_transformed(folder):
            return load_transformed(folder, self._learner())
        return self._learner().load(folder)

    def load_library(self) -> None:
        """Import what answering needs."""
        import_module(f"{_HERE}.{self.module}")

    def _learner(self) -> Learner:
        return cast("Learner", getattr(import_module(f"{_HERE}.{self.module}"), self.attribute))


def _counting(rows: Rows) -> Rows:
    """Return the rows without those of weight 0."""
    if rows.weight is None or rows.weight.all():
        return rows
    kept = rows.weight > 0
    if not kept.any():
        raise CandidateFault("None of these rows has a weight above 0.")
    return Rows(rows.X[kept], rows.y[kept], rows.weight[kept])


LEARNERS: tuple[LearnerCard, ...] = (
    LearnerCard(
        "lightgbm",
        "lightgbm",
        ("dpp0", "dpp4"),
        "gradient-boosted trees (LightGBM)",
        "Gradient boosting: each tree is fitted to the residuals of the previous ones and grown "
        "leaf-wise. Fast; handles missing values and categories natively.",
        is_monotone=True,
        library="lightgbm",
    ),
    LearnerCard(
        "xgboost",
        "xgboost",
        ("dpp0", "dpp4"),
        "gradient-boosted trees (XGBoost)",
        "Gradient boosting: each tree is fitted to the residuals of the previous ones and grown "
        "depth-wise, with a penalty on large leaf values.",
        is_monotone=True,
        library="xgboost",
    ),
    LearnerCard(
        "catboost",
        "catboost",
        ("dpp0", "dpp4"),
        "gradient-boosted trees (CatBoost)",
        "Gradient boosting with symmetric trees and ordered target statistics for categories. "
        "Strong on tables with many categories.",
        is_monotone=True,
        library=CATBOOST,
    ),
    LearnerCard(
        "linear-learner",
        "linear",
        ("dpp1",),
        "linear or logistic regression",
        "A weighted sum of the features, with penalties on large weights. Robust, but misses "
        "non-linear relationships.",
        is_monotone=True,
        library="scipy.optimize",
    ),
    LearnerCard(
        "randomforest",
        "forest",
        ("dpp2",),
        "random forest",
        "Many deep trees, each trained on random rows and features; their predictions are averaged.",
        "RANDOM_FOREST",
        library="sklearn.ensemble",
    ),
    LearnerCard(
        "extra-trees",
        "forest",
        ("dpp2",),
        "extremely randomised trees",
        "Many deep trees with random split points; their predictions are averaged. Smoother than a "
        "random forest.",
        "EXTRA_TREES",
        library="sklearn.ensemble",
    ),
    LearnerCard(
        "mlp",
        "mlp",
        ("dpp3",),
        "neural networks (multilayer perceptrons)",
        "A few small networks trained in parallel; their predictions are averaged. Smooth where "
        "trees are stepwise.",
    ),
    LearnerCard(
        "nn-torch",
        "nn_torch",
        ("dpp3",),
        "neural networks (TabM, PyTorch)",
        "One network shared by many ensemble members, each with its own scaling of weights; their "
        "predictions are averaged. Trained with PyTorch; predicts without it.",
        library=TORCH,
    ),
    LearnerCard(
        "fastai",
        "fastai_tabular",
        ("dpp0",),
        "neural network with embeddings (like fastai's tabular learner, PyTorch)",
        "A two-layer network over numbers and learned embeddings of categories, trained with a "
        "one-cycle learning rate. Trained with PyTorch; predicts without it.",
        library=TORCH,
    ),
    LearnerCard(
        "neighbors",
        "neighbors",
        ("dpp3",),
        "nearest neighbours",
        "The distance-weighted mean of the most similar training rows. The model stores its "
        "training rows.",
    ),
    LearnerCard(
        "baseline",
        "baseline",
        ("",),
        "constant prediction",
        "Predicts the same for every row: the class frequencies, or the mean or median of the target.",
        is_monotone=True,
    ),
)

MONOTONE = frozenset(card.name for card in LEARNERS if card.is_monotone)
"""Learners whose predictions keep monotone constraints."""


def is_learner(name: str) -> bool:
    return any(card.name == name for card in LEARNERS)


def learner(name: str) -> LearnerCard:
    """Return the card of a learner.

    raises    LookupError naming the learners there are
    """
    for card in LEARNERS:
        if card.name == name:
            return card
    known = ", ".join(card.name for card in LEARNERS)
    raise LookupError(f"There is no learner {name!r}; available: {known}.")


def availability(name: str) -> str:
    """Return why an algorithm cannot be trained here, with what would help; "" if it can."""
    if not is_learner(name):
        return f"this version of Windvane has no algorithm {name}."
    card = learner(name)
    if card.is_trainable:
        return ""
    return (
        f"the algorithm {name} needs the extra '{card.library}', which is not installed: "
        f"pip install 'windvane[{card.library}]'."
    )
