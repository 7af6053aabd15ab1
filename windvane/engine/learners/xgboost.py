"""XGBoost: histogram trees with native categories and missing values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.patience import Patience, patience_for
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.engine.tuning.space import Integer, Real, Space
from windvane.errors import CorruptArtifact

_NAME = "xgboost"
_FILE = "model.ubj"

_OBJECTIVES = {
    ProblemType.BINARY: ("binary:logistic", "logloss"),
    ProblemType.MULTICLASS: ("multi:softprob", "mlogloss"),
    ProblemType.REGRESSION: ("reg:squarederror", "rmse"),
}
_BY_METRIC = {
    MetricName.AUC: ("binary:logistic", "auc"),
    MetricName.MAE: ("reg:absoluteerror", "mae"),
}


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


class Xgboost:
    """Gradient-boosted trees, grown level by level.

    Codes are given as categories, not as numbers: their order is by frequency and means nothing to a split.
    """

    name = _NAME
    recipes = ("dpp0",)

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        """Autopilot's names and ranges, without its ends that waste time: tiny steps, 32 levels of depth.
        num_round is left out: early stopping finds it.

        source    candidate definition notebooks of Autopilot jobs
        """
        return {
            "max_depth": Integer(2, 12),
            "eta": Real(0.01, 0.3, log=True),
            "gamma": Real(1e-6, 16.0, log=True),
            "min_child_weight": Real(1e-3, 32.0, log=True),
            "subsample": Real(0.5, 1.0),
            "colsample_bytree": Real(0.3, 1.0),
            "lambda": Real(1e-6, 10.0, log=True),
            "alpha": Real(1e-6, 2.0, log=True),
        }

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        small = n_rows < 5_000
        return {
            "num_round": 1_000 if setting.n_classes > 10 else 3_000,
            "eta": 0.03 if small else 0.06,
            "max_depth": 4 if small else 6,
            "gamma": 0.0,
            "min_child_weight": 1.0,
            "subsample": 0.9,
            "colsample_bytree": 0.8,
            "lambda": 1.0,
            "alpha": 0.0,
        }

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> XgboostModel:
        parameters = {**hyperparameters, **_fixed(setting)}
        n_rounds = int(parameters.pop("num_round"))
        patience = Patience(
            clock,
            higher_is_better=parameters["eval_metric"] == "auc",
            n_rounds=None if valid is None else patience_for(float(parameters["eta"])),
        )
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

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "num_round": rounds}

    def load(self, folder: Path) -> XgboostModel:
        """raises    CorruptArtifact"""
        about = check_manifest(folder, _NAME)
        try:
            raw, n_classes = (folder / _FILE).read_bytes(), int(about["n_classes"])
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(
                f"{folder} holds no complete XGBoost model: {error!r}."
            ) from error
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


def _fixed(setting: Setting) -> dict[str, Any]:
    objective, metric = _BY_METRIC.get(setting.objective, _OBJECTIVES[setting.problem_type])
    classes = {"num_class": setting.n_classes} if objective == "multi:softprob" else {}
    return {
        "objective": objective,
        "eval_metric": metric,
        "tree_method": "hist",
        "seed": setting.seed % 2**31,
        "nthread": setting.threads,
        "verbosity": 0,
        **classes,
    }


LEARNER = Xgboost()
