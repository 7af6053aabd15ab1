"""LightGBM on the rows of boosted forecasts: a model for each quantile, in the time that there is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.engine.columns import FloatMatrix
from windvane.engine.forecasting.models.base import FitLimits
from windvane.engine.forecasting.panel import Floats
from windvane.errors import CandidateFault

_ROUNDS, _FEWER_ROUNDS = 200, 150
_FEW_ROWS, _MANY_ROWS = 5_000, 20_000
_TARGETS_A_LEAF = 12
"""Different values that a leaf has at least."""

_STEP, _LARGEST_STEP = 0.05, 0.25
_PROBED = 6
"""Rounds that show how long one takes."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows that trees learn from.

    X          (n_rows, n_features)
    y, weight  (n_rows,)
    repeats    how often a value is a target, on average
    """

    X: FloatMatrix
    y: Floats
    weight: Floats
    repeats: float


def boost(rows: TrainingRows, levels: Sequence[float], seed: int, limits: FitLimits) -> list[bytes]:
    """Return a model for each level, as LightGBM's text; the time is divided among them.

    raises    CandidateFault if LightGBM cannot be trained on these rows
    """
    import lightgbm  # for fitting alone; it takes seconds to import

    n_rows = len(rows.y)
    parameters = {
        "objective": "quantile",
        "num_leaves": 31 if n_rows >= _MANY_ROWS else 15,
        "min_data_in_leaf": max(10, min(n_rows // 300, 100), int(_TARGETS_A_LEAF * rows.repeats)),
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 127,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": limits.threads,
        "seed": seed % 2**31,
        "verbosity": -1,
        "metric": "none",
    }
    n_rounds = _ROUNDS if n_rows >= _FEW_ROWS else _FEWER_ROUNDS
    data = lightgbm.Dataset(rows.X, rows.y, weight=rows.weight, params=dict(parameters))
    data.construct()
    step, n_rounds = _pace(lightgbm, data, parameters, n_rounds, len(levels), limits)
    texts = []
    for i, level in enumerate(levels):
        now = time.time()
        ends = now + (limits.stop_at - now) / (len(levels) - i)

        def watch(state: Any, ends: float = ends) -> None:
            if state.iteration >= _PROBED and time.time() >= ends:
                raise lightgbm.callback.EarlyStopException(state.iteration, [])

        own = {**parameters, "alpha": level, "learning_rate": step}
        try:
            booster = lightgbm.train(own, data, n_rounds, callbacks=[watch])
        except lightgbm.basic.LightGBMError as error:
            raise CandidateFault(f"LightGBM could not be trained: {error}") from error
        texts.append(booster.model_to_string().encode())
    return texts


def _pace(
    lightgbm: Any,
    data: Any,
    parameters: Mapping[str, Any],
    n_rounds: int,
    n_levels: int,
    limits: FitLimits,
) -> tuple[float, int]:
    """Return step and rounds: where there is no time for all rounds, fewer and larger ones."""
    began = time.time()
    lightgbm.train({**parameters, "learning_rate": _STEP}, data, _PROBED)
    round_s = (time.time() - began) / _PROBED
    possible = max(limits.stop_at - time.time(), 0.1) / n_levels / max(round_s, 1e-6)
    if possible >= n_rounds:
        return _STEP, n_rounds
    fewer = max(int(0.9 * possible), 20)
    return min(_STEP * n_rounds / fewer, _LARGEST_STEP), fewer
