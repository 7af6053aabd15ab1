"""XGBoost: histogram trees with native categories and missing values. The library itself is used, and
imported, by xgboost_native.py alone, for training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.base import Clock, FittedModel, Rows, Setting
from windvane.engine.learners.model_bounds import least_step, most_rounds_of, most_tree_leaves
from windvane.engine.learners.monotone import directions
from windvane.engine.learners.names import (
    ABSOLUTE,
    BINARY,
    MULTICLASS,
    ONE_THREAD,
    QUIET,
    SEED,
    SQUARED,
    Alias,
    Counted,
    Counts,
    Fixed,
    Refused,
    Rules,
    Says,
    metrics,
)
from windvane.engine.learners.patience import (
    EARLY_STOPPING,
    MANY_CLASSES,
    Patience,
    most_rounds,
    rounds_to_wait,
)
from windvane.engine.learners.space import AT_LEAST_0, COUNT, SHARE, Integer, Real, Space
from windvane.engine.learners.traits import Cost, Hyperparameters, TableSize, Traits, within_reason
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


def _effort(h: Mapping[str, Any]) -> float:
    return within_reason(h.get("max_depth", 6) / 6 * (0.08 / h.get("eta", 0.08)) ** 0.5)


def _bounded(given: Hyperparameters, table: TableSize) -> Hyperparameters:
    leaves = min(1 << int(given["max_depth"]), most_tree_leaves(table.n_classes))
    rounds = most_rounds_of(leaves, table.n_classes, int(given["num_round"]))
    step = least_step(float(given["eta"]), rounds)
    return {**given, "max_leaves": leaves, "num_round": rounds, "eta": step}


_FURTHER: Space = {
    "colsample_bylevel": SHARE,
    "colsample_bynode": SHARE,
    "max_delta_step": AT_LEAST_0,
    EARLY_STOPPING: COUNT,
}

_NAMES: Rules = {
    "n_estimators": Alias("num_round"),
    "num_boost_round": Alias("num_round"),
    "learning_rate": Alias("eta"),
    "min_split_loss": Alias("gamma"),
    "reg_lambda": Alias("lambda"),
    "reg_alpha": Alias("alpha"),
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "objective": Says(
        {
            "binary:logistic": BINARY,
            "multi:softprob": MULTICLASS,
            "multi:softmax": MULTICLASS,
            "reg:squarederror": SQUARED,
            "reg:linear": SQUARED,
            "reg:absoluteerror": ABSOLUTE,
        }
    ),
    "eval_metric": metrics(
        auc=MetricName.AUC,
        logloss=MetricName.LOG_LOSS,
        mlogloss=MetricName.LOG_LOSS,
        error=MetricName.ACCURACY,
        merror=MetricName.ACCURACY,
        f1=MetricName.F1,
        rmse=MetricName.RMSE,
        mse=MetricName.MSE,
        mae=MetricName.MAE,
    ),
    "num_class": Counts(Counted.CLASSES),
    "booster": Fixed(("gbtree",), "trees are boosted"),
    "tree_method": Fixed(("hist",), "trees are grown by histograms"),
    "grow_policy": Fixed(("depthwise",), "trees are grown depth-wise"),
    "sketch_eps": Refused("trees are grown by histograms"),
    "updater": Refused("trees are grown by histograms"),
    "base_score": Refused("it is estimated from the data"),
    "csv_weights": Fixed(("0",), "rows are weighted by the column that '_sample_weight' names"),
    "process_type": Fixed(("default",), "models are trained from scratch"),
    "nthread": ONE_THREAD,
    "n_jobs": ONE_THREAD,
    "verbosity": QUIET,
    "silent": Fixed(("0", "1"), "libraries print errors only"),
}

_TRAITS = Traits(
    cost=Cost(1.5e-6, 90, 14, 60, model_mb=7),
    step="eta",
    effort=_effort,
    bounded=_bounded,
    further=_FURTHER,
    further_of_two_classes={"scale_pos_weight": AT_LEAST_0},
    names=_NAMES,
)


class Xgboost:
    """Gradient-boosted trees, grown level by level.

    Codes are given as categories: their order is by frequency and means little to a split. Those of a column
    with many are given as numbers all the same (categories.py).
    """

    name = NAME
    recipes = ("dpp0", "dpp4")
    traits = _TRAITS

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
        """Load a saved model.

        raises    CorruptArtifact
        """
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
    """Return the most histograms of nodes, held at a time; those beyond it are made again when they are needed."""
    node_bytes = max(1, len(setting.features)) * _MOST_BINS * _BIN_BYTES
    return max(_FEWEST_HISTOGRAMS, _HISTOGRAM_BYTES // node_bytes)


LEARNER = Xgboost()
