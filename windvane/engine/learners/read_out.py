"""The linear model that reads out scores of classes: each class has the sum of its own scores, a weight for each kind of them.

With many classes and few rows, a linear model that learns what each score says of each class loses more than it learns; so it
begins here, and is drawn to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from windvane.engine.features.base import Feature
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.linear_loss import Loss

_MOST_ROUNDS = 50


def read_out(loss: Loss, train: Rows, setting: Setting) -> NDArray[np.float64] | None:
    """Return (n_features, n_classes) coefficients of least mean loss; None unless there are scores of three or more classes."""
    kinds = _kinds(setting.features)
    if setting.n_classes < 3 or not kinds:
        return None
    from scipy.optimize import minimize  # fitting alone needs SciPy

    own = np.zeros((len(kinds), len(train.y), setting.n_classes))
    for kind, places in enumerate(kinds):
        classes = [setting.features[place].of_class for place in places]
        own[kind][:, classes] = train.X[:, places]
    rows = np.full(len(train.y), 1.0) if train.weight is None else train.weight
    rows = rows / rows.sum()

    def value(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, intercepts = point[: len(kinds)], point[len(kinds) :]
        losses, slopes = loss.value(np.tensordot(weights, own, 1) + intercepts, train.y)
        weighted = slopes * rows[:, None]
        of_kinds = np.tensordot(own, weighted, 2)
        return float(losses @ rows), np.concatenate([of_kinds, weighted.sum(axis=0)])

    start = loss.start(train.y, setting.n_classes, train.weight)
    point = np.concatenate([np.zeros(len(kinds)), start])
    found = minimize(value, point, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_ROUNDS}).x
    made = np.zeros((len(setting.features), setting.n_classes))
    for weight, places in zip(found, kinds, strict=False):
        for place in places:
            made[place, setting.features[place].of_class] = weight
    return made


def _kinds(features: Sequence[Feature]) -> list[list[int]]:
    """Return the places of scores, those of each kind together."""
    kinds: list[list[int]] = []
    for place, feature in enumerate(features):
        if feature.of_class is None:
            continue
        last = features[kinds[-1][-1]].of_class if kinds else None
        if last is None or feature.of_class <= last:
            kinds.append([])
        kinds[-1].append(place)
    return kinds
