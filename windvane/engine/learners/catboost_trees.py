"""CatBoost models that need no CatBoost to answer: symmetric trees as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import MOST_CLASSES, MOST_FEATURES, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.oblivious import ObliviousTrees, ObliviousWalker
from windvane.engine.learners.oblivious_shapley import tree_contributions
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

NAME = "catboost"
FILE = "trees.npz"


class CatBoostTrees:
    """The answers of a CatBoost model, but for the last digits."""

    def __init__(self, trees: ObliviousTrees, n_classes: int) -> None:
        self.trees = trees
        self._walker = ObliviousWalker(trees)
        self._n_classes = n_classes
        self.rounds = len(trees.feature)
        self.n_features = trees.n_features

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        return answers_of(self._walker.scores(X), self._n_classes)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64] | None:
        """Return SHAP values as `AdditiveModel` says; not for models saved without the counts of rows in their leaves."""
        return tree_contributions(self._walker, X)

    def save(self, folder: Path) -> None:
        write_arrays(folder / FILE, self.trees.arrays())
        about = {"n_classes": self._n_classes, "n_features": self.n_features}
        write_manifest(folder, NAME, about)


def read_trees(folder: Path) -> CatBoostTrees:
    """Read the trees of a saved model.

    raises    CorruptArtifact
    """
    about = check_manifest(folder, NAME)
    arrays = read_arrays(folder / FILE)
    try:
        n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
        n_features = whole_in(about, "n_features", 1, MOST_FEATURES)
        trees = ObliviousTrees.from_arrays(arrays, n_features)
    except ValueError as error:
        raise CorruptArtifact(f"{folder / FILE} holds no CatBoost trees: {error}.") from error
    if trees.values.shape[1] != (n_classes if n_classes > 2 else 1):
        raise CorruptArtifact(f"{folder} holds leaves of a wrong size.")
    return CatBoostTrees(trees, n_classes)
