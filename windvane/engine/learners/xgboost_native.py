"""XGBoost's own calls: training."""

from __future__ import annotations

from typing import Any

import xgboost

from windvane.engine.learners.base import Rows, Setting
from windvane.engine.learners.categories import has_categories
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.patience import Patience
from windvane.engine.learners.xgboost_model import XgboostModel


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
    """Train an XGBoost model.

    raises    CandidateFault
    """
    raw = _trained(train, valid, parameters, n_rounds, setting, patience)
    n_codes = max((f.cardinality for f in setting.features if has_categories(f)), default=0)
    return XgboostModel.of(raw, setting.n_classes, n_codes)


def _trained(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    n_rounds: int,
    setting: Setting,
    patience: Patience,
) -> bytes:
    """Return the model as UBJSON; what XGBoost held for its training is gone then."""
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
    return bytes(booster[: patience.best_round].save_raw("ubj"))


def _matrix(rows: Rows, setting: Setting, like: Any) -> Any:
    return xgboost.QuantileDMatrix(
        rows.X,
        rows.y,
        weight=rows.weight,
        feature_types=["c" if has_categories(f) else "q" for f in setting.features],
        enable_categorical=True,
        nthread=setting.threads,
        ref=like,
    )
