"""Random forest and extremely randomised trees: grown by scikit-learn, kept as arrays, walked by NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.arrays import read_arrays, write_arrays
from windvane.engine.checked import MOST_CLASSES, MOST_FEATURES, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.forest_walk import ForestWalker
from windvane.engine.learners.names import (
    ONE_THREAD,
    SEED,
    Alias,
    Fixed,
    Rules,
)
from windvane.engine.learners.space import COUNT, Categorical, Integer, Real, Space
from windvane.engine.learners.traits import Cost, Traits
from windvane.engine.learners.trees import Trees, trees_of
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

_FILE = "trees.npz"
_N_TREES = 100
_BATCH = 10
_BATCH_ROWS = 200_000
"""Of all trees of a batch: between batches the clock is asked, which must not take long to come."""

_MAX_TREE_ROWS = 30_000
"""A tree of a larger table grows on a sample of so many rows, drawn anew for each."""

_MAX_BYTES = 15_000_000
"""Of the saved trees; they are a quarter of a gigabyte while they grow. No further ones are grown when these are used
up."""

_NODE_BYTES = 10
"""Of an inner node; there are as many as leaves."""

_VALUE_BYTES = 4

_BLOCK_CELLS = 2_000_000

_FEW_FEATURES = 12
"""Trees of amounts look at all of so few at every split, else at half of them: what is left out costs them more
than it costs trees of classes."""


class ForestModel:
    """The average of the leaves that a row reaches in each tree."""

    def __init__(self, trees: Trees, n_classes: int, algorithm: str) -> None:
        self.trees = trees
        self._n_classes = n_classes
        self._algorithm = algorithm
        self._walker = ForestWalker(trees)
        self.rounds = len(trees.n_leaves)
        self.n_features = trees.n_features

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        values = self.trees.values
        made = np.empty((len(X), values.shape[1]))
        block = max(1, _BLOCK_CELLS // (self.rounds * values.shape[1]))
        for start in range(0, len(X), block):
            reached = values.take(self._walker.leaves(X[start : start + block]), axis=0)
            made[start : start + block] = reached.sum(axis=1, dtype=np.float64) / self.rounds
        if self._n_classes == 0:
            return made[:, 0]
        if self._n_classes == 2:
            return np.concatenate([1 - made, made], axis=1)
        # Rates are kept in single precision: their sum is 1 but for the last digits.
        return np.asarray(made / made.sum(axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        write_arrays(folder / _FILE, self.trees.arrays())
        about = {"n_classes": self._n_classes, "n_features": self.n_features}
        write_manifest(folder, self._algorithm, about)


def _names(bootstrap: str) -> Rules:
    return {
        "seed": Alias(SEED),
        "random_state": Alias(SEED),
        "n_jobs": ONE_THREAD,
        "verbose": Fixed(("0", "false"), "libraries print errors only"),
        "bootstrap": Fixed(
            (bootstrap,),
            "fixed for tables of up to 30,000 rows; on larger ones each tree uses a sample of 30,000",
        ),
        "warm_start": Fixed(("false",), "models are trained from scratch"),
    }


_FURTHER: Space = {"max_depth": COUNT, "min_samples_split": COUNT, "max_leaf_nodes": COUNT}


@dataclass(frozen=True)
class ForestLearner:
    """One of scikit-learn's two kinds of forest.

    estimators    names of its classes for classification and regression in sklearn.ensemble
    """

    name: str
    estimators: tuple[str, str]
    traits: Traits
    recipes: tuple[str, ...] = ("dpp2",)

    def space(self, setting: Setting, n_rows: int) -> Space:
        space: dict[str, Any] = {
            "min_samples_leaf": Integer(1, max(2, min(50, n_rows // 50)), log=True),
            "max_features": Real(0.1, 1.0),
        }
        if setting.n_classes:
            space["criterion"] = Categorical(("gini", "entropy"))
        return space

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        """Leaves large enough for all trees to fit into the memory that is theirs, and of a few rows on all but
        small tables: that is quicker, and rates of classes are the better for it."""
        n_outputs = setting.n_classes if setting.n_classes > 2 else 1
        most_bytes = _N_TREES * min(n_rows, _MAX_TREE_ROWS) * _leaf_bytes(n_outputs)
        n_features = max(1, len(setting.features))
        is_small = n_rows < (2_000 if setting.n_classes else 20_000)
        of_values = 1.0 if n_features <= _FEW_FEATURES else 0.5
        parameters: dict[str, Any] = {
            "n_estimators": _N_TREES,
            "min_samples_leaf": max(1 if is_small else 3, -(-most_bytes // _MAX_BYTES)),
            "max_features": min(1.0, n_features**-0.5 if setting.n_classes else of_values),
        }
        if setting.n_classes:
            parameters["criterion"] = "gini"
        return parameters

    def fit(
        self,
        train: Rows,
        valid: Rows | None,  # noqa: ARG002 - more trees are never worse, so nothing is stopped early
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> ForestModel:
        from sklearn import ensemble  # for fitting alone

        estimator = getattr(ensemble, self.estimators[0 if setting.n_classes else 1])
        parameters = dict(hyperparameters)
        n_trees = int(parameters.pop("n_estimators"))
        forest = estimator(
            **parameters,
            **_sampling(len(train.y)),
            n_estimators=0,
            warm_start=True,
            random_state=setting.seed % 2**32,
            n_jobs=setting.threads,
        )
        y = train.y.astype(np.int64) if setting.n_classes else train.y
        batch = max(setting.threads, min(_BATCH, _BATCH_ROWS // max(1, len(y))))
        grown: list[Any] = []
        try:
            while len(grown) < n_trees and not (
                grown and (clock.is_over() or _is_full(forest, batch))
            ):
                forest.n_estimators = min(n_trees, len(grown) + batch)
                grown = forest.fit(train.X, y, train.weight).estimators_
            classes = forest.classes_.tolist() if setting.n_classes else ()
            trees = trees_of([tree.tree_ for tree in grown], classes, setting.n_classes)
        except (ValueError, MemoryError) as error:
            raise candidate_fault(f"The algorithm {self.name}", error) from error
        return ForestModel(trees, setting.n_classes, self.name)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "n_estimators": rounds}

    def load(self, folder: Path) -> ForestModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        about = check_manifest(folder, self.name)
        arrays = read_arrays(folder / _FILE)
        try:
            n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
            n_features = whole_in(about, "n_features", 1, MOST_FEATURES)
            trees = Trees.from_arrays(arrays, n_features)
        except ValueError as error:
            raise CorruptArtifact(f"{folder / _FILE} holds no forest: {error}.") from error
        if trees.values.shape[1] != (n_classes if n_classes > 2 else 1):
            raise CorruptArtifact(f"{folder} holds leaves of a wrong size.")
        return ForestModel(trees, n_classes, self.name)


def _sampling(n_rows: int) -> dict[str, Any]:
    if n_rows <= _MAX_TREE_ROWS:
        return {}
    return {"bootstrap": True, "max_samples": _MAX_TREE_ROWS}


def _is_full(forest: Any, batch: int) -> bool:
    trees = [tree.tree_ for tree in forest.estimators_]
    width = trees[0].value.shape[2]
    used = sum(tree.n_leaves for tree in trees) * _leaf_bytes(width if width > 2 else 1)
    return bool(used * (1 + batch / len(trees)) > _MAX_BYTES)


def _leaf_bytes(n_outputs: int) -> int:
    return _NODE_BYTES + _VALUE_BYTES * n_outputs


RANDOM_FOREST = ForestLearner(
    "randomforest",
    ("RandomForestClassifier", "RandomForestRegressor"),
    Traits(
        cost=Cost(4e-6, 90, 8, 3000, most_row_mb=300, library_s=1.4),
        further=_FURTHER,
        names=_names(bootstrap="true"),
    ),
)
EXTRA_TREES = ForestLearner(
    "extra-trees",
    ("ExtraTreesClassifier", "ExtraTreesRegressor"),
    Traits(
        cost=Cost(3e-6, 90, 8, 4000, most_row_mb=350, library_s=1.4),
        further=_FURTHER,
        names=_names(bootstrap="false"),
    ),
)
