"""XGBoost models that answer without XGBoost's Python package."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.lightgbm_native import LEAVES, NativeBooster
from windvane.engine.learners.xgboost_library import XgboostHandle
from windvane.engine.learners.xgboost_trees import XgboostTrees, read_xgboost, without_base
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

NAME = "xgboost"
_FILE = "model.ubj"
_TREES = "trees.npz"
"""What `read_xgboost` makes of the model, which takes several times as long as reading it; not in packages of earlier
versions."""

_FEW_ROWS = 100
"""Up to as many, each row is led through the trees alone; more are left to XGBoost's own library, which takes some
time to load and is quicker from then on."""


class XgboostModel:
    """A model in XGBoost's UBJSON.

    n_codes   every category code in the rows is below it
    trees     what `read_xgboost` makes of it, if it is there already
    raises    CorruptArtifact
    """

    def __init__(
        self, raw: bytes, n_classes: int, n_codes: int, trees: XgboostTrees | None = None
    ) -> None:
        self._raw = raw
        self._n_classes, self._n_codes = n_classes, n_codes
        self._trees = trees or read_xgboost(raw, n_codes)
        if self._trees.n_outputs != (n_classes if n_classes > 2 else 1):
            raise CorruptArtifact(f"The XGBoost model has not {n_classes} classes.")
        self._booster = NativeBooster(self._trees.text, LEAVES)
        if self._booster.width != len(self._trees.first_leaf):
            raise CorruptArtifact("The XGBoost model has trees without leaves.")
        self.rounds = len(self._trees.first_leaf) // self._trees.n_outputs
        self.n_features = self._booster.n_features

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        sums = self._sums(X) if len(X) <= _FEW_ROWS else self._library.margins(X)
        return answers_of(sums.astype(np.float64) + self._trees.base, self._n_classes)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64]:
        """As `AdditiveModel` says, by XGBoost itself, in its single precision."""
        made = self._library.contributions(X).astype(np.float64).transpose(0, 2, 1)
        made[:, -1] += self._trees.base
        return made

    def _sums(self, X: FloatMatrix) -> NDArray[np.float32]:
        """(n_rows, n_outputs), added up one tree after the other in single precision, as XGBoost does."""
        leaves = self._booster.predict(X).astype(np.int64) + self._trees.first_leaf
        values = self._trees.values.take(leaves).reshape(len(X), self.rounds, self._trees.n_outputs)
        return np.asarray(np.add.accumulate(values, axis=1)[:, -1])

    @cached_property
    def _library(self) -> XgboostHandle:
        return XgboostHandle(without_base(self._raw))

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_bytes(self._raw)
        write_arrays(folder / _TREES, self._trees.arrays())
        about = {"n_classes": self._n_classes, "n_codes": self._n_codes}
        write_manifest(folder, NAME, about)


def read_model(folder: Path) -> XgboostModel:
    """raises    CorruptArtifact"""
    about = check_manifest(folder, NAME)
    try:
        raw, n_classes = (folder / _FILE).read_bytes(), int(about["n_classes"])
        n_codes = int(about["n_codes"])
        file = folder / _TREES
        trees = XgboostTrees.from_arrays(read_arrays(file)) if file.is_file() else None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{folder} holds no complete XGBoost model: {error!r}.") from error
    return XgboostModel(raw, n_classes, n_codes, trees)
