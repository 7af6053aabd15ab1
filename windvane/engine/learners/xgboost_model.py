"""XGBoost models that answer without XGBoost's Python package."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import MOST_CLASSES, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.lightgbm_native import LEAVES, NativeBooster
from windvane.engine.learners.xgboost_library import XgboostHandle
from windvane.engine.learners.xgboost_trees import XgboostTrees, read_xgboost
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

NAME = "xgboost"
_TREES = "trees.npz"
_NODES = "node_left"
_FILE = "model.ubj"
"""Of packages of earlier versions, whose `trees.npz`, if there is one, lacks the nodes: reading it takes several times
as long."""

_MOST_CODES = 10_000

_FEW_ROWS = 100
"""Up to as many, each row is led through the trees alone; more are left to XGBoost's own library, which takes some
time to load and is quicker from then on."""


class XgboostModel:
    """A fitted XGBoost model.

    n_codes   every category code in the rows is below it
    raises    CorruptArtifact
    """

    def __init__(self, trees: XgboostTrees, n_classes: int, n_codes: int) -> None:
        self._n_classes, self._n_codes = n_classes, n_codes
        self.trees = trees
        if self.trees.n_outputs != (n_classes if n_classes > 2 else 1):
            raise CorruptArtifact(f"The XGBoost model has not {n_classes} classes.")
        self._booster = NativeBooster(self.trees.text, LEAVES)
        self.rounds = len(self.trees.first_leaf) // self.trees.n_outputs
        self.n_features = self._booster.n_features

    @classmethod
    def of(cls, raw: bytes, n_classes: int, n_codes: int) -> Self:
        """Return the model that XGBoost trained.

        raw       the model as XGBoost writes it in UBJSON
        """
        return cls(read_xgboost(raw, n_codes), n_classes, n_codes)

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        sums = self._sums(X) if len(X) <= _FEW_ROWS else self._library.margins(X)
        return answers_of(sums.astype(np.float64) + self.trees.base, self._n_classes)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return SHAP values as `AdditiveModel` says, by XGBoost itself, in its single precision."""
        made = self._library.contributions(X).astype(np.float64).transpose(0, 2, 1)
        made[:, -1] += self.trees.base
        return made

    def _sums(self, X: FloatMatrix) -> NDArray[np.float32]:
        """Return (n_rows, n_outputs), added up one tree after the other in single precision, as XGBoost does."""
        leaves = self._booster.predict(X).astype(np.int64) + self.trees.first_leaf
        values = self.trees.values.take(leaves).reshape(len(X), self.rounds, self.trees.n_outputs)
        return np.asarray(np.add.accumulate(values, axis=1)[:, -1])

    @cached_property
    def _library(self) -> XgboostHandle:
        return XgboostHandle(self.trees.ubjson())

    def save(self, folder: Path) -> None:
        write_arrays(folder / _TREES, self.trees.arrays())
        about = {"n_classes": self._n_classes, "n_codes": self._n_codes}
        write_manifest(folder, NAME, about)


def read_model(folder: Path) -> XgboostModel:
    """Read a saved model.

    raises    CorruptArtifact
    """
    about = check_manifest(folder, NAME)
    try:
        n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
        n_codes = whole_in(about, "n_codes", 0, _MOST_CODES)
    except ValueError as error:
        raise CorruptArtifact(f"{folder} holds no complete XGBoost model: {error}.") from error
    file = folder / _TREES
    arrays = read_arrays(file) if file.is_file() else {}
    try:
        if _NODES in arrays:
            return XgboostModel(XgboostTrees.from_arrays(arrays, n_codes), n_classes, n_codes)
        file = folder / _FILE
        return XgboostModel.of(file.read_bytes(), n_classes, n_codes)
    except (OSError, ValueError, CorruptArtifact) as error:
        raise CorruptArtifact(f"{file}: {error}") from error
