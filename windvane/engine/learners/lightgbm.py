"""LightGBM: native categories and missing values, early stopping, deterministic."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.checked import MOST_CLASSES, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.base import Clock, Rows, Setting
from windvane.engine.learners.categories import has_categories
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.learners.lightgbm_large import LONG_FIT
from windvane.engine.learners.lightgbm_native import (
    CONTRIBUTIONS,
    NativeBooster,
)
from windvane.engine.learners.lightgbm_text import read_lightgbm
from windvane.engine.learners.members import is_over_for_all
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
from windvane.engine.learners.space import (
    AT_LEAST_0,
    COUNT,
    SHARE,
    Categorical,
    Integer,
    Real,
    Space,
)
from windvane.engine.learners.traits import (
    MANY_ROWS,
    Cost,
    Hyperparameters,
    InBlocks,
    TableSize,
    Traits,
    within_reason,
)
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.errors import CandidateFault, CorruptArtifact

_NAME = "lightgbm"
_FILE = "model.txt"
_MANY_ROWS = 1_000
"""From here on the model is asked part by part: reading its parts takes about as long as reading the model."""

_TREES_A_PART = 24
"""Many rows are led through one part after the other, so that its trees stay in the processor's cache."""

_HISTOGRAM_MB = 48
"""Of histograms of leaves that may be split later; those beyond it are made again when they are."""

_LARGE_HISTOGRAM_MB = 160
"""The same where there are MANY_ROWS: they take long to make again."""

_ROW_WISE_ROWS = 20_000
"""From here on LightGBM's row-wise histograms are the faster ones, up to MANY_ROWS; naming one keeps runs alike."""


_OBJECTIVES = {
    ProblemType.BINARY: ("binary", "binary_logloss"),
    ProblemType.MULTICLASS: ("multiclass", "multi_logloss"),
    ProblemType.REGRESSION: ("regression", "l2"),
}
_BY_METRIC = {MetricName.AUC: ("binary", "auc"), MetricName.MAE: ("regression_l1", "l1")}
"""Metrics of labels (accuracy, F1, ...) stop on the log loss: they jump from round to round."""


def _effort(h: Mapping[str, Any]) -> float:
    return within_reason(
        (h.get("num_leaves", 31) / 31 * 0.06 / h.get("learning_rate", 0.06)) ** 0.5
    )


def _bounded(given: Hyperparameters, table: TableSize) -> Hyperparameters:
    leaves = min(int(given["num_leaves"]), most_tree_leaves(table.n_classes))
    rounds = most_rounds_of(leaves, table.n_classes, int(given["num_iterations"]))
    step = least_step(float(given["learning_rate"]), rounds)
    return {**given, "num_leaves": leaves, "num_iterations": rounds, "learning_rate": step}


_FURTHER: Space = {
    "max_depth": COUNT,
    "min_gain_to_split": AT_LEAST_0,
    "feature_fraction_bynode": SHARE,
    "max_delta_step": AT_LEAST_0,
    EARLY_STOPPING: COUNT,
}

_NAMES: Rules = {
    "num_boost_round": Alias("num_iterations"),
    "num_round": Alias("num_iterations"),
    "n_estimators": Alias("num_iterations"),
    "eta": Alias("learning_rate"),
    "shrinkage_rate": Alias("learning_rate"),
    "max_leaves": Alias("num_leaves"),
    "min_child_samples": Alias("min_data_in_leaf"),
    "colsample_bytree": Alias("feature_fraction"),
    "subsample": Alias("bagging_fraction"),
    "reg_alpha": Alias("lambda_l1"),
    "reg_lambda": Alias("lambda_l2"),
    "early_stopping_round": Alias("early_stopping_rounds"),
    "seed": Alias(SEED),
    "random_state": Alias(SEED),
    "objective": Says(
        {
            "binary": BINARY,
            "multiclass": MULTICLASS,
            "softmax": MULTICLASS,
            "regression": SQUARED,
            "regression_l2": SQUARED,
            "regression_l1": ABSOLUTE,
        }
    ),
    "metric": metrics(
        auc=MetricName.AUC,
        binary_logloss=MetricName.LOG_LOSS,
        multi_logloss=MetricName.LOG_LOSS,
        binary_error=MetricName.ACCURACY,
        multi_error=MetricName.ACCURACY,
        rmse=MetricName.RMSE,
        l2=MetricName.MSE,
        mse=MetricName.MSE,
        l1=MetricName.MAE,
        mae=MetricName.MAE,
    ),
    "num_class": Counts(Counted.CLASSES),
    "boosting": Fixed(("gbdt",), "trees are boosted"),
    "boosting_type": Fixed(("gbdt",), "trees are boosted"),
    "bagging_freq": Fixed(("1",), "rows are sampled for each tree"),
    "tree_learner": Fixed(("serial",), "training uses one machine"),
    "is_unbalance": Fixed(("false",), "classes are not reweighted; see scale_pos_weight"),
    "num_threads": ONE_THREAD,
    "verbosity": QUIET,
}

_TRAITS = Traits(
    cost=Cost(1.5e-6, 90, 16, 60, model_mb=4, in_blocks=InBlocks(1.2, 60)),
    step="learning_rate",
    effort=_effort,
    bounded=_bounded,
    further=_FURTHER,
    further_of_two_classes={"scale_pos_weight": AT_LEAST_0},
    names=_NAMES,
    long_fit=LONG_FIT,
)


class LightGbmModel:
    """A text model, answered by LightGBM's C interface."""

    def __init__(self, text: bytes, n_classes: int) -> None:
        """Predict with a model in LightGBM's text format.

        raises    CorruptArtifact if the text is none, or of other classes
        """
        self.trees = read_lightgbm(text)
        self._n_classes = n_classes
        if self.trees.n_outputs != (n_classes if n_classes > 2 else 1):
            raise CorruptArtifact(f"The LightGBM model has not {n_classes} classes.")
        self._booster = NativeBooster(self.trees)
        self.rounds = self._booster.rounds
        self.n_features = self._booster.n_features

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        return answers_of(self._scores(X), self._n_classes)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return SHAP values as `AdditiveModel` says, by LightGBM itself."""
        made = self._explainer.predict(X).reshape(len(X), self._booster.width, -1)
        return made.transpose(0, 2, 1)

    def _scores(self, X: FloatMatrix) -> NDArray[np.float64]:
        if len(X) < _MANY_ROWS:
            return self._booster.predict(X)
        sums = np.zeros((len(X), self._booster.width))
        for part in self._parts:
            sums += part.predict(X)
        return sums

    @cached_property
    def _parts(self) -> list[NativeBooster]:
        return [NativeBooster(part) for part in self.trees.in_parts(_TREES_A_PART)]

    @cached_property
    def _explainer(self) -> NativeBooster:
        return NativeBooster(self.trees, CONTRIBUTIONS)

    def save(self, folder: Path) -> None:
        (folder / _FILE).write_bytes(self.trees.text)
        write_manifest(folder, _NAME, {"n_classes": self._n_classes})


class LightGbm:
    """Gradient-boosted trees, grown leaf by leaf."""

    name = _NAME
    recipes = ("dpp0", "dpp4")
    traits = _TRAITS

    def space(self, setting: Setting, n_rows: int) -> Space:  # noqa: ARG002 - contract
        return {
            "learning_rate": Real(0.01, 0.2, log=True),
            "num_leaves": Integer(4, min(256, max(8, n_rows // 20)), log=True),
            "min_data_in_leaf": Integer(2, max(3, min(200, n_rows // 20)), log=True),
            "feature_fraction": Real(0.3, 1.0),
            "bagging_fraction": Real(0.5, 1.0),
            "lambda_l1": Real(1e-6, 10.0, log=True),
            "lambda_l2": Real(1e-6, 30.0, log=True),
            "cat_smooth": Real(1.0, 100.0, log=True),
            "extra_trees": Categorical((False, True)),
        }

    def defaults(self, setting: Setting, n_rows: int) -> dict[str, Any]:
        small = n_rows < 5_000
        return {
            "num_iterations": most_rounds(setting.n_classes),
            "learning_rate": _step(setting, n_rows),
            "num_leaves": 15 if small else 20 if n_rows < 20_000 else 31 if n_rows < 50_000 else 63,
            "min_data_in_leaf": 10 if small else 20,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.9,
            "lambda_l1": 0.0,
            "lambda_l2": 1.0,
            "cat_smooth": 10.0,
            "extra_trees": False,
        }

    def fit(
        self,
        train: Rows,
        valid: Rows | None,
        hyperparameters: dict[str, Any],
        setting: Setting,
        clock: Clock,
    ) -> LightGbmModel:
        if not np.isfinite(train.y).all():
            raise CandidateFault(
                "LightGBM could not be trained on these rows: a target is not a number."
            )
        parameters = {**hyperparameters, **_fixed(setting, len(train.y)), **_constraints(setting)}
        patience = Patience(
            clock,
            higher_is_better=parameters["metric"] == "auc",
            n_rounds=None
            if valid is None
            else rounds_to_wait(hyperparameters, float(parameters["learning_rate"])),
        )
        text = _trained(train, valid, parameters, setting, patience)
        return LightGbmModel(text.encode(), setting.n_classes)

    def with_rounds(self, hyperparameters: dict[str, Any], rounds: int) -> dict[str, Any]:
        return {**hyperparameters, "num_iterations": rounds}

    def load(self, folder: Path) -> LightGbmModel:
        """Load a saved model.

        raises    CorruptArtifact
        """
        about = check_manifest(folder, _NAME)
        try:
            text, n_classes = (
                (folder / _FILE).read_bytes(),
                whole_in(about, "n_classes", 0, MOST_CLASSES),
            )
        except (OSError, ValueError) as error:
            raise CorruptArtifact(f"{folder} holds no complete LightGBM model: {error}.") from error
        try:
            return LightGbmModel(text, n_classes)
        except CorruptArtifact as error:
            raise CorruptArtifact(f"{folder / _FILE}: {error}") from error


def _trained(
    train: Rows,
    valid: Rows | None,
    parameters: dict[str, Any],
    setting: Setting,
    patience: Patience,
) -> str:
    """Return the model as text; what LightGBM held for its training is gone then."""
    import lightgbm  # for fitting alone; it takes seconds to import

    from windvane.engine.learners.lightgbm_blocks import dataset_of
    from windvane.engine.learners.lightgbm_members import parameters_of, share_of, train_together

    own, members = dict(parameters), setting.members
    n_rounds = int(own.pop("num_iterations"))
    own.pop(EARLY_STOPPING, None)
    codes = [i for i, feature in enumerate(setting.features) if has_categories(feature)]
    if members is None:
        data = dataset_of(train, codes, own)
    else:
        own |= parameters_of(members)
        data = share_of(train, codes, own, members)
    shown = [] if valid is None else [data.create_valid(valid.X, valid.y, weight=valid.weight)]

    def watch(state: Any) -> None:
        results = state.evaluation_result_list
        score = results[0][2] if results else None
        is_over = patience.is_over(score)
        if is_over if members is None else is_over_for_all(members, is_over):
            raise lightgbm.callback.EarlyStopException(state.iteration, results)

    def boost() -> lightgbm.Booster:
        return lightgbm.train(own, data, n_rounds, valid_sets=shown, callbacks=[watch])

    try:
        booster = boost() if members is None else train_together(members, boost)
    except lightgbm.basic.LightGBMError as error:
        raise candidate_fault("LightGBM", error) from error
    return str(booster.model_to_string(num_iteration=patience.best_round))


def _step(setting: Setting, n_rows: int) -> float:
    if setting.n_classes > MANY_CLASSES:
        return 0.1
    return 0.03 if n_rows < 5_000 else 0.06 if n_rows < 50_000 else 0.1


def _fixed(setting: Setting, n_rows: int) -> dict[str, Any]:
    """Return what the problem and the promise of equal runs decide."""
    objective, metric = _BY_METRIC.get(setting.objective, _OBJECTIVES[setting.problem_type])
    if setting.monotone and setting.objective is MetricName.MAE:
        objective = "regression"  # medians set into grown leaves would not keep to the constraints
    is_row_wise = _ROW_WISE_ROWS <= n_rows < MANY_ROWS
    return {
        "objective": objective,
        "metric": metric,
        "num_class": setting.n_classes if objective == "multiclass" else 1,
        "bagging_freq": 1,
        "seed": setting.seed % 2**31,
        "deterministic": True,
        "force_row_wise": is_row_wise,
        "force_col_wise": not is_row_wise,
        "histogram_pool_size": _HISTOGRAM_MB if n_rows < MANY_ROWS else _LARGE_HISTOGRAM_MB,
        "num_threads": setting.threads,
        "verbosity": -1,
    }


def _constraints(setting: Setting) -> dict[str, Any]:
    return {"monotone_constraints": directions(setting)} if setting.monotone else {}


LEARNER = LightGbm()
