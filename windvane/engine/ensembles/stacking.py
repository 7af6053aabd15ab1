"""Fitting the second layer of an ensemble to what its members said of rows they had not seen.

Every row that an ensemble is scored on is answered by a layer that was fitted without the row's fold (or without its
part of a single hold-out fold), so that the layer's own luck is in no score.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from windvane.domain.problem import MetricName
from windvane.engine.ensembles.blend import Blend, OutOfFold, some_of
from windvane.engine.ensembles.losses import SQUARED
from windvane.engine.ensembles.pool import pool_for, pooled
from windvane.engine.ensembles.second_layer import (
    Answers,
    SecondLayer,
    inputs_of,
    starting_scores,
)
from windvane.engine.learners.faults import candidate_fault
from windvane.engine.scoring.metrics import Floats, Indices
from windvane.engine.weighted import Weight, taken
from windvane.errors import CandidateFault

LEAST_ROWS = 2_500
"""With fewer out-of-fold rows trees find chance, and a gain of a part in a hundred is smaller than what can be shown: of
public tables with fewer none was shown to gain."""

_MOST_ROWS = 20_000
"""So few trees learn nothing from more."""

_BLOCK = 20_000
"""Rows answered at once, for memory's sake."""

_TIME_SHARE = 0.1
"""Of what the ensemble's stage has, which refits wait for."""

_LOADING_S, _FIT_S, _VISIT_S = 2.0, 0.02, 5e-9
"""Loading LightGBM; of a fit; and of a fit for each number that each tree looks at."""

_MOST = {"rounds": 1_000, "num_leaves": 256, "min_data_in_leaf": 100_000}


@dataclass(frozen=True)
class Stacking:
    """The parameters of a second layer, by LightGBM's names. Small steps and few of them: the models that
    answer have learnt from more rows than those whose answers it learns from, and need less of it."""

    rounds: int = 10
    num_leaves: int = 4
    learning_rate: float = 0.05
    min_data_in_leaf: int = 50
    lambda_l2: float = 10.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def stacking_of(document: Mapping[str, Any]) -> Stacking:
    """Return the inverse of `Stacking.to_json`; what is left out is as usual.

    raises    CandidateFault naming what is not known, or has a value that cannot be
    """
    kinds = {one.name: type(one.default) for one in fields(Stacking)}
    for name, value in document.items():
        if name not in kinds:
            raise CandidateFault(
                f"{name!r} is not a parameter of a second layer; available: {', '.join(kinds)}."
            )
        is_whole = type(value) is int and value <= _MOST.get(name, value)
        fits = is_whole if kinds[name] is int else type(value) in (int, float)
        if not fits or not 0 <= value < float("inf") or (value == 0 and name != "lambda_l2"):
            raise CandidateFault(f"The second layer's {name!r} cannot be {value!r}.")
    return Stacking(**document)


def fits_into(seconds: float, stacking: Stacking, first: OutOfFold, found: Blend) -> bool:
    """Return whether there are rows enough, and so much time that a second layer costs little of it."""
    if found.rows.size < LEAST_ROWS:
        return False
    n_rows = min(found.rows.size, _MOST_ROWS)
    n_scores = starting_scores(found.in_sample[:1]).shape[1]
    visits = n_rows * (len(found.weights) + 1) * n_scores * stacking.rounds * n_scores
    n_fits = 2 * np.unique(first.parts(found.rows)).size + 1
    loading_s = 0.0 if "lightgbm" in sys.modules else _LOADING_S
    return bool(loading_s + n_fits * (_FIT_S + _VISIT_S * visits) <= _TIME_SHARE * seconds)


def honest_answers(stacking: Stacking, first: OutOfFold, found: Blend) -> Floats:
    """Return what `Blend.out_of_fold` is with a second layer: neither the weights nor the trees that answer a row were fitted
    to its part."""
    return _cross_fitted(stacking, first, found.rows, found.without)


def stacked(
    stacking: Stacking, first: OutOfFold, found: Blend, out_of_fold: Floats | None = None
) -> tuple[Blend, SecondLayer]:
    """Return the ensemble with a second layer, and that layer, fitted to all rows. `in_sample` is of the final weights and of
    trees that were fitted without the row's part.

    out_of_fold    its `honest_answers`; None if its weights were given, and `in_sample` is all there is
    """
    parts = np.unique(first.parts(found.rows))
    in_sample = _cross_fitted(
        stacking, first, found.rows, {int(part): found.weights for part in parts}
    )
    layer = _fit(stacking, first, found.weights, found.rows)
    honest = in_sample if out_of_fold is None else out_of_fold
    return replace(found, in_sample=in_sample, out_of_fold=honest), layer


def _cross_fitted(
    stacking: Stacking,
    first: OutOfFold,
    rows: Indices,
    weights: Mapping[int, Mapping[int, float]],
) -> Floats:
    """Predict each row with a second layer that was trained on other parts of the rows.

    weights    part -> those that its rows are answered with
    """
    parts = first.parts(rows)
    answers = np.empty((rows.size, *next(iter(first.predictions.values())).shape[1:]))
    for part, own in weights.items():
        layer = _fit(stacking, first, own, rows[parts != part])
        places = np.flatnonzero(parts == part)
        for start in range(0, places.size, _BLOCK):
            block = places[start : start + _BLOCK]
            told = first.answers(own, rows[block])
            answers[block] = layer.answer(told, _pooled(own, told))
    return answers


def _fit(
    stacking: Stacking, first: OutOfFold, weights: Mapping[int, float], rows: Indices
) -> SecondLayer:
    few = rows[some_of(rows.size, _MOST_ROWS)]
    told = first.answers(weights, few)
    together = _pooled(weights, told)
    text = _trained(
        stacking, first.objective, told, together, first.y[few], taken(first.weight, few)
    )
    return SecondLayer(text, len(told), 0 if together.ndim == 1 else together.shape[1])


def _trained(
    stacking: Stacking,
    objective: MetricName,
    answers: Answers,
    together: Floats,
    y: Floats,
    weight: Weight,
) -> bytes:
    import lightgbm  # for fitting alone; it takes seconds to import

    parameters = {**_fixed(objective, together), **stacking.to_json()}
    rounds = parameters.pop("rounds")
    if together.ndim == 1:
        target, start = _errors(y, together), None
    else:
        target, start = y, starting_scores(together).ravel(order="F")
    data = lightgbm.Dataset(
        inputs_of(answers, together), target, weight=weight, init_score=start, params=parameters
    )
    try:
        booster = lightgbm.train(parameters, data, rounds)
    except lightgbm.basic.LightGBMError as error:
        raise candidate_fault("LightGBM", error) from error
    return str(booster.model_to_string()).encode()


def _errors(y: Floats, together: Floats) -> Floats:
    errors = y - together
    if not np.abs(errors).max() <= np.finfo(np.float32).max:
        raise CandidateFault("The second layer could not be trained: errors are too large.")
    return errors


def _fixed(objective: MetricName, together: Floats) -> dict[str, Any]:
    """Return what the problem and the promise of equal runs decide. All objectives of classification stand on the log loss, as
    the ensemble's weights do."""
    n_classes = 0 if together.ndim == 1 else together.shape[1]
    if n_classes:
        loss = "binary" if n_classes == 2 else "multiclass"
    else:
        loss = "regression" if objective in SQUARED else "regression_l1"
    return {
        "objective": loss,
        "num_class": n_classes if n_classes > 2 else 1,
        "boost_from_average": False,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }


def _pooled(weights: Mapping[int, float], answers: Answers) -> Floats:
    n_classes = 0 if answers[0].ndim == 1 else answers[0].shape[1]
    return pooled(zip(weights.values(), answers, strict=True), pool_for(n_classes))
