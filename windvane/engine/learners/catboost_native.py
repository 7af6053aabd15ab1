"""CatBoost's own calls: training, and answering where its trees ask about two categories at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import FittedModel, Rows, Setting
from windvane.engine.learners.catboost_export import exported
from windvane.engine.learners.catboost_trees import NAME, CatBoostTrees
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.patience import Patience
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

_FILE = "model.cbm"
_CHECKED_ROWS = 200


class Layout:
    """A recipe's matrix as CatBoost wants it: numbers as they are, codes as names.

    cardinalities    (n_features,) codes of each feature, 0 for numbers
    places           (n_features + 1,) where CatBoost has each feature, and what comes after them
    """

    def __init__(self, cardinalities: Sequence[int]) -> None:
        self.cardinalities = list(cardinalities)
        self._numbers = [i for i, n in enumerate(cardinalities) if n == 0]
        self._codes = [i for i, n in enumerate(cardinalities) if n > 0]
        order = [*self._numbers, *self._codes, len(self.cardinalities)]
        self.places = np.argsort(order)
        names = [b"", *(str(i).encode() for i in range(max(cardinalities, default=0)))]
        self._names = np.array(names, object)

    def data(self, X: FloatMatrix) -> Any:
        numbers = np.ascontiguousarray(X[:, self._numbers]) if self._numbers else None
        names = None
        if self._codes:
            codes = np.where(np.isnan(X[:, self._codes]), -1, X[:, self._codes])
            names = self._names[codes.astype(np.int64) + 1]
        return catboost.FeaturesData(num_feature_data=numbers, cat_feature_data=names)


class CatBoostModel:
    """A model in CatBoost's own binary format."""

    def __init__(self, raw: bytes, cardinalities: Sequence[int], n_classes: int) -> None:
        self._raw = raw
        self._model = catboost.CatBoost()
        try:
            self._model.load_model(blob=raw, format="cbm")
        except (catboost.CatBoostError, ValueError) as error:
            raise CorruptArtifact(f"CatBoost does not accept the model: {error}") from error
        self._layout = Layout(cardinalities)
        self._n_classes = n_classes
        self._kind = "Probability" if n_classes else "RawFormulaVal"
        self.rounds = int(self._model.tree_count_)
        self.n_features = len(self._model.feature_names_)
        if self.n_features != len(cardinalities):
            raise CorruptArtifact("The CatBoost model has another number of features than is said.")

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        if not len(X):
            return np.empty((0, self._n_classes) if self._n_classes else 0)
        answer = self._model.predict(
            self._layout.data(X), prediction_type=self._kind, thread_count=1
        )
        return np.asarray(answer, np.float64)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64]:
        """As `AdditiveModel` says, by CatBoost itself; what it gives to several columns together they share equally."""
        made = self._model.get_feature_importance(
            catboost.Pool(self._layout.data(X)), type="ShapValues", thread_count=1
        )
        theirs = np.asarray(made, np.float64).reshape(len(X), -1, self.n_features + 1)
        return theirs.transpose(0, 2, 1)[:, self._layout.places]

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_bytes(self._raw)
        about = {"n_classes": self._n_classes, "cardinalities": self._layout.cardinalities}
        write_manifest(folder, NAME, about)


class _Watch:
    def __init__(self, patience: Patience, metric: str) -> None:
        self._patience = patience
        self._metric = metric

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        scores = info.metrics.get("validation") if info.metrics else None
        return not self._patience.is_over(scores[self._metric][-1] if scores else None)


def train_model(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    setting: Setting,
    patience: Patience,
) -> FittedModel:
    """raises    CandidateFault"""
    cardinalities = [feature.cardinality for feature in setting.features]
    layout = Layout(cardinalities)
    try:
        model = catboost.CatBoost(parameters)
        model.fit(
            _pool(train, layout),
            eval_set=None if valid is None else _pool(valid, layout),
            use_best_model=False,
            callbacks=[_Watch(patience, parameters["eval_metric"])],
        )
        model.shrink(patience.best_round)
    except (catboost.CatBoostError, MemoryError) as error:
        raise candidate_fault("CatBoost", error) from error
    n_outputs = setting.n_classes if setting.n_classes > 2 else 1
    trees = exported(model, layout.data, cardinalities, n_outputs, train.X[:_CHECKED_ROWS])
    if trees is not None:
        return CatBoostTrees(trees, setting.n_classes)
    return CatBoostModel(_bytes(model), cardinalities, setting.n_classes)


def _pool(rows: Rows, layout: Layout) -> Any:
    return catboost.Pool(layout.data(rows.X), rows.y, weight=rows.weight)


def _bytes(model: Any) -> bytes:
    """The model without what differs from run to run: its identifier and the time."""
    facts = model.get_metadata()
    facts["model_guid"] = facts["train_finish_time"] = ""
    with TemporaryDirectory() as folder:
        model.save_model(f"{folder}/{_FILE}", format="cbm")
        return Path(folder, _FILE).read_bytes()


def read_model(folder: Path) -> CatBoostModel:
    """raises    CorruptArtifact"""
    about = check_manifest(folder, NAME)
    try:
        raw, n_classes = (folder / _FILE).read_bytes(), int(about["n_classes"])
        cardinalities = [int(n) for n in about["cardinalities"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{folder} holds no complete CatBoost model: {error!r}.") from error
    return CatBoostModel(raw, cardinalities, n_classes)
