"""XGBoost's own calls: training and answering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.patience import Patience
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CorruptArtifact

_NAME = "xgboost"
_FILE = "model.ubj"


class XgboostModel:
    """A model in XGBoost's UBJSON."""

    def __init__(self, raw: bytes, n_classes: int) -> None:
        self._raw = raw
        self._n_classes = n_classes
        self._booster = xgboost.Booster()
        try:
            self._booster.load_model(bytearray(raw))
        except (xgboost.core.XGBoostError, ValueError, UnicodeDecodeError) as error:
            raise CorruptArtifact(f"XGBoost does not accept the model: {error}") from error
        self._booster.set_param({"nthread": 1})
        self.rounds = int(self._booster.num_boosted_rounds())
        self.n_features = int(self._booster.num_features())

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        if not len(X):
            return np.empty((0, self._n_classes) if self._n_classes else 0)
        # Feature types are not in the array; the model knows which of its splits are on categories.
        answer = np.asarray(self._booster.inplace_predict(X, validate_features=False), np.float64)
        if self._n_classes == 0:
            return answer
        if self._n_classes == 2:
            return np.stack([1 - answer, answer], axis=1)
        normalised: NDArray[np.float64] = answer / answer.sum(axis=1, keepdims=True)
        return normalised

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_bytes(self._raw)
        write_manifest(folder, _NAME, {"n_classes": self._n_classes})


class _Watch(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - contract
        scores = [values[-1] for metrics in evals_log.values() for values in metrics.values()]
        return self._patience.is_over(scores[0] if scores else None)


def train_model(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    n_rounds: int,
    setting: Setting,
    patience: Patience,
) -> XgboostModel:
    """raises    CandidateFault"""
    try:
        data = _matrix(train, setting, None)
        shown = [] if valid is None else [(_matrix(valid, setting, data), "valid")]
        booster = xgboost.train(
            parameters,
            data,
            n_rounds,
            evals=shown,
            callbacks=[_Watch(patience)],
            verbose_eval=False,
        )
    except (xgboost.core.XGBoostError, ValueError, MemoryError) as error:
        raise candidate_fault("XGBoost", error) from error
    kept = booster[: patience.best_round]
    return XgboostModel(bytes(kept.save_raw("ubj")), setting.n_classes)


def read_model(folder: Path) -> XgboostModel:
    """raises    CorruptArtifact"""
    about = check_manifest(folder, _NAME)
    try:
        raw, n_classes = (folder / _FILE).read_bytes(), int(about["n_classes"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{folder} holds no complete XGBoost model: {error!r}.") from error
    return XgboostModel(raw, n_classes)


def _matrix(rows: Rows, setting: Setting, like: Any) -> Any:
    return xgboost.QuantileDMatrix(
        rows.X,
        rows.y,
        feature_types=["c" if feature.cardinality else "q" for feature in setting.features],
        enable_categorical=True,
        nthread=setting.threads,
        ref=like,
    )
