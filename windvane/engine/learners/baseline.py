"""The constant prediction: class rates, the mean, or the median where absolute errors count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.checked import MOST_FEATURES, number_in, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.space import Space
from windvane.engine.learners.traits import Cost, Traits
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.engine.weighted import counts, mean, median
from windvane.errors import CorruptArtifact

_NAME = "baseline"


class Constant:
    """A model that predicts the same for every row.

    answer   (n_classes,) probabilities, or () one value
    """

    rounds = 0

    def __init__(self, answer: NDArray[np.float64], n_features: int) -> None:
        self.answer = answer
        self.n_features = n_features

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        return np.broadcast_to(self.answer, (len(X), *self.answer.shape)).copy()

    def save(self, folder: Path) -> None:
        about = {"answer": self.answer.tolist(), "n_features": self.n_features}
        write_manifest(folder, _NAME, about)


_TRAITS = Traits(cost=Cost(1e-9, 80, 0, 60))


class Baseline:
    """The learner that any other must beat; it needs no features."""

    name = _NAME
    recipes = ("",)
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        return {}

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        return {}

    def fit(
        self,
        train: Rows,
        valid: Rows | None,  # noqa: ARG002 - contract
        hyperparameters: dict[str, Any],  # noqa: ARG002 - contract
        setting: Setting,
        clock: Clock,  # noqa: ARG002 - contract
    ) -> Constant:
        if setting.n_classes:
            of_each = counts(train.y.astype(np.int64), setting.n_classes, train.weight)
            answer = of_each / of_each.sum()
        elif setting.objective is MetricName.MAE:
            answer = np.asarray(median(train.y, train.weight))
        else:
            answer = np.asarray(mean(train.y, train.weight))
        return Constant(answer, train.X.shape[1])

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:  # noqa: ARG002 - contract
        return hyperparameters

    def load(self, folder: Path) -> Constant:
        """Load a saved model.

        raises    CorruptArtifact
        """
        about = check_manifest(folder, _NAME)
        try:
            n_features = whole_in(about, "n_features", 0, MOST_FEATURES)
            answer = np.array(_answer(about), np.float64)
        except ValueError as error:
            raise CorruptArtifact(f"{folder} holds no complete constant: {error}.") from error
        return Constant(answer, n_features)


def _answer(about: Mapping[str, Any]) -> float | list[float]:
    """Read the prediction from JSON.

    raises    ValueError unless it is a finite number, or a probability of each class
    """
    told = about.get("answer")
    if not isinstance(told, list):
        return number_in(about, "answer")
    return [number_in({"answer": one}, "answer", 0.0, 1.0) for one in told]


LEARNER = Baseline()
