"""CatBoost: symmetric trees with ordered target statistics for categories. The library itself is used, and
imported, by catboost_native.py alone, for training: models are arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.learners.base import Clock, FittedModel, Rows, Setting
from windvane.engine.learners.catboost_trees import FILE, NAME, read_trees
from windvane.engine.learners.monotone import directions
from windvane.engine.learners.patience import EARLY_STOPPING, Patience, rounds_to_wait
from windvane.engine.learners.space import Integer, Real, Space
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


class CatBoost:
    """Gradient-boosted symmetric trees."""

    name = NAME
    recipes = ("dpp0", "dpp4")

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
        """raises    CorruptArtifact"""
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
