"""Every learner by name. A learner's module, and with it its library, is imported when it is first used:
serving one model does not load the libraries of the others."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from windvane.engine.learners.base import Clock, FittedModel, Learner, Rows, Setting
from windvane.engine.learners.monotone import check_keeps
from windvane.engine.learners.residual import RESIDUAL, fit_residual, is_residual, load_residual
from windvane.engine.learners.space import Space
from windvane.engine.learners.target_transform import (
    TARGET_TRANSFORM,
    fit_transformed,
    is_transformed,
    load_transformed,
)
from windvane.engine.learners.torch_extra import MISSING, TORCH_LEARNERS, has_torch
from windvane.errors import CandidateFault


@dataclass(frozen=True)
class LearnerCard:
    """A learner known by its name and recipes; the rest is in its module.

    title     plain words for reports
    """

    name: str
    module: str
    recipes: tuple[str, ...]
    title: str
    attribute: str = "LEARNER"

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
        """As the learner does; with the hyperparameter `target_transform`, on the transformed target. Rows of weight 0
        are not there for it.

        raises    CandidateFault as well if no row has a weight, or if it cannot keep constraints
        """
        check_keeps(self.name, setting)
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
        import_module(self.module)

    def _learner(self) -> Learner:
        return cast("Learner", getattr(import_module(self.module), self.attribute))


def _counting(rows: Rows) -> Rows:
    """The rows without those of weight 0."""
    if rows.weight is None or rows.weight.all():
        return rows
    kept = rows.weight > 0
    if not kept.any():
        raise CandidateFault("None of these rows has a weight above 0.")
    return Rows(rows.X[kept], rows.y[kept], rows.weight[kept])


_HERE = "windvane.engine.learners"

LEARNERS: tuple[LearnerCard, ...] = (
    LearnerCard(
        "lightgbm",
        f"{_HERE}.lightgbm",
        ("dpp0", "dpp4"),
        "gradient-boosted trees (LightGBM)",
    ),
    LearnerCard(
        "xgboost", f"{_HERE}.xgboost", ("dpp0", "dpp4"), "gradient-boosted trees (XGBoost)"
    ),
    LearnerCard(
        "catboost",
        f"{_HERE}.catboost",
        ("dpp0", "dpp4"),
        "gradient-boosted trees (CatBoost)",
    ),
    LearnerCard("linear-learner", f"{_HERE}.linear", ("dpp1",), "linear or logistic regression"),
    LearnerCard("randomforest", f"{_HERE}.forest", ("dpp2",), "random forest", "RANDOM_FOREST"),
    LearnerCard(
        "extra-trees", f"{_HERE}.forest", ("dpp2",), "extremely randomised trees", "EXTRA_TREES"
    ),
    LearnerCard("mlp", f"{_HERE}.mlp", ("dpp3",), "neural networks (multilayer perceptrons)"),
    LearnerCard("nn-torch", f"{_HERE}.nn_torch", ("dpp3",), "neural networks (TabM, PyTorch)"),
    LearnerCard(
        "fastai",
        f"{_HERE}.fastai_tabular",
        ("dpp0",),
        "neural network with embeddings (like fastai's tabular learner, PyTorch)",
    ),
    LearnerCard("neighbors", f"{_HERE}.neighbors", ("dpp3",), "nearest neighbours"),
    LearnerCard("baseline", f"{_HERE}.baseline", ("",), "constant prediction"),
)


def learner(name: str) -> LearnerCard:
    """raises    LookupError naming the learners there are"""
    for card in LEARNERS:
        if card.name == name:
            return card
    known = ", ".join(card.name for card in LEARNERS)
    raise LookupError(f"There is no learner {name!r}; available: {known}.")


def availability(name: str) -> str:
    """Why an algorithm cannot be trained here, with what would help; "" if it can."""
    if name in TORCH_LEARNERS and not has_torch():
        return f"the algorithm {name} needs {MISSING}"
    if name not in {card.name for card in LEARNERS}:
        return f"this version of Windvane has no algorithm {name}."
    return ""
