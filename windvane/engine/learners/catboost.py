"""CatBoost: symmetric trees with ordered target statistics for categories. The library itself is used, and
imported, by catboost_native.py alone, for training, and is an extra: models are arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.base import Clock, FittedModel, Rows, Setting
from windvane.engine.learners.catboost_trees import FILE, NAME, read_trees
from windvane.engine.learners.model_bounds import least_step, most_rounds_of, trees_a_round
from windvane.engine.learners.monotone import directions
from windvane.engine.learners.names import (
    ABSOLUTE,
    BINARY,
    MULTICLASS,
    ONE_THREAD,
    SEED,
    SQUARED,
    Alias,
    Counted,
    Counts,
    Fixed,
    Rules,
    Says,
    metrics,
)
from windvane.engine.learners.patience import EARLY_STOPPING, Patience, rounds_to_wait
from windvane.engine.learners.space import COUNT, Integer, Real, Space
from windvane.engine.learners.traits import Cost, Hyperparameters, TableSize, Traits, within_reason
from windvane.errors import CandidateFault, CorruptArtifact

_LOSSES = {
    ProblemType.BINARY: ("Logloss", "Logloss"),
    ProblemType.MULTICLASS: ("MultiClass", "MultiClass"),
    ProblemType.REGRESSION: ("RMSE", "RMSE"),
}
_NATIVE = "model.cbm"
_OF_SEVERAL = (
    "The hyperparameter 'max_ctr_complexity' must be 1: combinations of several categorical "
    "columns are not supported."
)
_BY_METRIC = {MetricName.AUC: ("Logloss", "AUC"), MetricName.MAE: ("MAE", "MAE")}


_MOST_HISTOGRAM_BYTES = 48 * 1024**2
_BUCKET_BYTES = 32
_TIMES_SAMPLED = 3
"""As many histograms are held by CatBoost where each level asks a sample of the columns: what was summed up for a leaf
says nothing of its children then. Measured on public tables: 55 to 230 MB instead of 16 to 35."""

_FEWEST_BORDERS, _LEAST_DEPTH = 32, 4


def _effort(h: Mapping[str, Any]) -> float:
    return within_reason(
        2 ** ((h.get("depth", 6) - 6) / 2) * (0.1 / h.get("learning_rate", 0.1)) ** 0.5
    )


def _bounded(given: Hyperparameters, table: TableSize) -> Hyperparameters:
    depth, borders = int(given["depth"]), int(given["border_count"])
    times = trees_a_round(table.n_classes) * (_TIMES_SAMPLED if given["rsm"] < 1 else 1)

    def is_too_much() -> bool:
        buckets = table.buckets(borders) * times
        return (buckets << depth - 1) * _BUCKET_BYTES > _MOST_HISTOGRAM_BYTES

    while is_too_much() and borders > _FEWEST_BORDERS:
        borders = max(_FEWEST_BORDERS, borders // 2)
    while is_too_much() and depth > _LEAST_DEPTH:
        depth -= 1
    rounds = most_rounds_of(1 << depth, table.n_classes, int(given["iterations"]))
    step = least_step(float(given["learning_rate"]), rounds)
    changed = {"depth": depth, "border_count": borders, "iterations": rounds, "learning_rate": step}
    return {**given, **changed}


_NAMES: Rules = {
    "num_boost_round": Alias("iterations"),
    "n_estimators": Alias("iterations"),
    "num_trees": Alias("iterations"),
    "eta": Alias("learning_rate"),
    "max_depth": Alias("depth"),
    "reg_lambda": Alias("l2_leaf_reg"),
    "max_bin": Alias("border_count"),
    "colsample_bylevel": Alias("rsm"),
    "od_wait": Alias("early_stopping_rounds"),
    "random_seed": Alias(SEED),
    "random_state": Alias(SEED),
    "loss_function": Says(
        {"Logloss": BINARY, "MultiClass": MULTICLASS, "RMSE": SQUARED, "MAE": ABSOLUTE}
    ),
    "eval_metric": metrics(
        AUC=MetricName.AUC,
        Logloss=MetricName.LOG_LOSS,
        MultiClass=MetricName.LOG_LOSS,
        Accuracy=MetricName.ACCURACY,
        F1=MetricName.F1,
        RMSE=MetricName.RMSE,
        MAE=MetricName.MAE,
        R2=MetricName.R2,
    ),
    "classes_count": Counts(Counted.CLASSES),
    "grow_policy": Fixed(("SymmetricTree",), "trees are symmetric"),
    "bootstrap_type": Fixed(("Bayesian",), "rows are sampled with the Bayesian bootstrap"),
    "od_type": Fixed(("Iter",), "training stops after that many iterations without improvement"),
    "thread_count": ONE_THREAD,
    "verbose": Fixed(("0", "false"), "libraries print errors only"),
}

_TRAITS = Traits(
    cost=Cost(2.5e-6, 200, 18, 120, model_mb=5, library_s=1.1),
    step="learning_rate",
    effort=_effort,
    bounded=_bounded,
    further={EARLY_STOPPING: COUNT},
    names=_NAMES,
)


class CatBoost:
    """Gradient-boosted symmetric trees."""

    name = NAME
    recipes = ("dpp0", "dpp4")
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:
        space: dict[str, Any] = {
            "learning_rate": Real(0.01, 0.2, log=True),
            "depth": Integer(3, 9 if n_rows >= 5_000 else 7),
            "l2_leaf_reg": Real(0.5, 30.0, log=True),
            "random_strength": Real(0.05, 10.0, log=True),
            "bagging_temperature": Real(0.0, 2.0),
            "rsm": Real(0.4, 1.0),
        }
        if any(feature.cardinality for feature in setting.features):
            space["one_hot_max_size"] = Integer(4, 64, log=True)
        return space

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        """Settings that cost little: on the test tables one-hot codes of up to 16 values, single statistics, coarser
        borders and one Newton step a leaf score the same as the library's own, in a third of the time."""
        small = n_rows < 5_000
        step = 0.1 if setting.n_classes else 0.06
        return {
            "iterations": 500 if setting.n_classes > 10 else 2_000 if small else 1_000,
            "learning_rate": 0.04 if small else step,
            "depth": 6,
            "l2_leaf_reg": 3.0,
            "random_strength": 1.0,
            "bagging_temperature": 1.0,
            "rsm": 0.3 if len(setting.features) > 200 else 1.0,
            "border_count": 254 if small else 128,
            "one_hot_max_size": 16,
            "max_ctr_complexity": 1,
            **({"leaf_estimation_iterations": 3 if small else 1} if setting.n_classes else {}),
        }

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> FittedModel:
        from windvane.engine.learners.catboost_native import train_model

        loss, metric = _BY_METRIC.get(setting.objective, _LOSSES[setting.problem_type])
        patience = Patience(
            clock,
            higher_is_better=metric == "AUC",
            n_rounds=None
            if valid is None
            else rounds_to_wait(hyperparameters, float(hyperparameters["learning_rate"])),
        )
        if int(hyperparameters.get("max_ctr_complexity", 1)) > 1:
            raise CandidateFault(_OF_SEVERAL)
        parameters = _parameters(hyperparameters, setting, loss, metric)
        if setting.monotone:
            parameters |= _constraints(setting)
        if metric == "AUC" and train.weight is not None:
            parameters["eval_metric"] = "AUC:use_weights=true"
        return train_model(train, valid, parameters, setting, patience)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "iterations": rounds}

    def load(self, folder: Path) -> FittedModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        if not (folder / FILE).exists() and (folder / _NATIVE).exists():
            raise CorruptArtifact(
                f"{folder / _NATIVE} is a model in CatBoost's own format, which earlier versions kept for a few models and "
                f"which cannot be checked before CatBoost reads it; {FILE} would be right: train the candidate again."
            )
        return read_trees(folder)


def _parameters(
    hyperparameters: dict[str, Any], setting: Setting, loss: str, metric: str
) -> dict[str, Any]:
    classes = {"classes_count": setting.n_classes} if loss == "MultiClass" else {}
    own = {name: value for name, value in hyperparameters.items() if name != EARLY_STOPPING}
    return {
        **own,
        "loss_function": loss,
        "eval_metric": metric,
        "bootstrap_type": "Bayesian",
        "random_seed": setting.seed % 2**31,
        "thread_count": setting.threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
        **classes,
    }


def _constraints(setting: Setting) -> dict[str, Any]:
    """CatBoost numbers columns of numbers before those of codes, which have no direction."""
    told = zip(setting.features, directions(setting), strict=True)
    numbers = [direction for feature, direction in told if not feature.cardinality]
    made: dict[str, Any] = {"monotone_constraints": numbers}
    if setting.objective is MetricName.MAE:
        made["loss_function"] = "RMSE"  # exact medians in leaves would not keep to the constraints
    return made


LEARNER = CatBoost()
