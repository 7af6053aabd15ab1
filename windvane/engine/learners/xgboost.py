"""XGBoost: histogram trees with native categories and missing values. The library itself is used, and
imported, by xgboost_native.py alone, for training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.base import Clock, FittedModel, Rows, Setting
from windvane.engine.learners.monotone import directions
from windvane.engine.learners.patience import (
    EARLY_STOPPING,
    MANY_CLASSES,
    Patience,
    most_rounds,
    rounds_to_wait,
)
from windvane.engine.learners.space import Integer, Real, Space
from windvane.engine.learners.xgboost_model import NAME, read_model

_OBJECTIVES = {
    ProblemType.BINARY: ("binary:logistic", "logloss"),
    ProblemType.MULTICLASS: ("multi:softprob", "mlogloss"),
    ProblemType.REGRESSION: ("reg:squarederror", "rmse"),
}
_BY_METRIC = {
    MetricName.AUC: ("binary:logistic", "auc"),
    MetricName.MAE: ("reg:absoluteerror", "mae"),
}

_MOST_BINS, _BIN_BYTES = 256, 16
_HISTOGRAM_BYTES = 32 * 1024**2
_FEWEST_HISTOGRAMS = 8


class Xgboost:
    """Gradient-boosted trees, grown level by level.

    Codes are given as categories: their order is by frequency and means little to a split. Those of a column
    with many are given as numbers all the same (categories.py).
    """

    name = NAME
    recipes = ("dpp0", "dpp4")

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
            "num_round": most_rounds(setting.n_classes),
            "eta": 0.1 if setting.n_classes > MANY_CLASSES else 0.03 if small else 0.08,
            "max_depth": 4 if small else 5 if n_rows < 20_000 else 6,
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
    ) -> FittedModel:
        from windvane.engine.learners.xgboost_native import train_model

        parameters = {**hyperparameters, **_fixed(setting)}
        n_rounds = int(parameters.pop("num_round"))
        parameters.pop(EARLY_STOPPING, None)
        patience = Patience(
            clock,
            higher_is_better=parameters["eval_metric"] == "auc",
            n_rounds=None
            if valid is None
            else rounds_to_wait(hyperparameters, float(parameters["eta"])),
        )
        return train_model(train, valid, parameters, n_rounds, setting, patience)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "num_round": rounds}

    def load(self, folder: Path) -> FittedModel:
        """raises    CorruptArtifact"""
        return read_model(folder)


def _fixed(setting: Setting) -> dict[str, Any]:
    objective, metric = _BY_METRIC.get(setting.objective, _OBJECTIVES[setting.problem_type])
    if setting.monotone and setting.objective is MetricName.MAE:
        objective = (
            "reg:squarederror"  # medians set into grown leaves would not keep to the constraints
        )
    classes = {"num_class": setting.n_classes} if objective == "multi:softprob" else {}
    bound = {"monotone_constraints": tuple(directions(setting))} if setting.monotone else {}
    return {
        "objective": objective,
        "eval_metric": metric,
        "tree_method": "hist",
        "seed": setting.seed % 2**31,
        "max_cached_hist_node": _most_histograms(setting),
        "nthread": setting.threads,
        "verbosity": 0,
        **classes,
        **bound,
    }


def _most_histograms(setting: Setting) -> int:
    """Of nodes, held at a time; those beyond it are made again when they are needed."""
    node_bytes = max(1, len(setting.features)) * _MOST_BINS * _BIN_BYTES
    return max(_FEWEST_HISTOGRAMS, _HISTOGRAM_BYTES // node_bytes)


LEARNER = Xgboost()
