"""Which pairs of columns are worth a feature: those that explain what trees on the single columns leave over.

    1. trees on one half of a sample, errors on the other, and the reverse: the errors nobody was fitted to
    2. the columns that split best, all their pairs, each scored by how well its bins foretell those errors
    3. trees with the best of these; kept are the pairs that split best, if unseen rows are then answered better

source    AutoGluon's and TabPrep's arithmetic features (arXiv 2606.02384) and mljar's golden features have the
          idea; the criterion is ours
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Columns, ColumnSpec, ColumnType, FloatMatrix
from windvane.engine.features.base import Feature
from windvane.engine.features.interactions import OPERATIONS, Floats, Pair, combined

_MOST_ROWS = 8_000
_MOST_ROWS_OF_CLASSES = 5_000
"""With more than two classes, where a round is several trees."""

_MOST_CELLS = 2_000_000
"""Of the sample: a very wide table gets fewer rows, so that the trees of it take no longer."""

_LEAST_ROWS = 200
_LEAST_HALF = 50
"""Rows of the smaller half, where whole groups or a stretch of time make it."""

_MOST_COLUMNS = 10
_MOST_TRIED = 40
_MOST_CLASSES = 6
"""The most frequent ones each; all others together are the last."""

_N_BINS = 32
_ROUNDS = 150
_ROUNDS_OF_SEVERAL = 50
_RATE_OF_SEVERAL = 0.3
"""With several classes a round is several trees: fewer and longer steps."""

_PATIENCE = 10
_EARLY = 1.5
"""Rounds times their step: after them trees have found what single columns say, not yet what pairs do."""

_STANDARD_ERRORS = 1.0
"""Of the mean difference between the errors with and without pairs: what chance makes is mostly smaller."""

_TREES: dict[str, Any] = {
    "learning_rate": 0.15,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "lambda_l2": 1.0,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class PairingData:
    """The data that pairs are chosen from: training rows alone.

    X          (n_rows, n_features) made of the single columns
    y          (n_rows,) target or class index
    n_classes  0 for regression
    halves     (n_rows,) 0 or 1: in which half each row is
    """

    X: FloatMatrix
    features: Sequence[Feature]
    y: Floats
    n_classes: int
    seed: int
    halves: NDArray[np.int64]


def choose_pairs(
    data: PairingData,
    specs: Sequence[ColumnSpec],
    columns: Columns,
    rows: NDArray[np.int64] | None,
    most: int,
) -> list[Pair]:
    """Return the best first; none if none helps.

    rows    of `columns` that the data's rows are; all of them if None
    most    pairs
    """
    n_rows = len(data.y)
    most_rows = _MOST_ROWS_OF_CLASSES if data.n_classes > 2 else _MOST_ROWS
    size = min(most_rows, n_rows, max(_LEAST_ROWS, _MOST_CELLS // max(1, data.X.shape[1])))
    if size < _LEAST_ROWS or most < 1 or not _has_pairs(specs):
        return []
    sample = np.random.default_rng(data.seed).permutation(n_rows)[:size]
    sample = sample[np.argsort(data.halves[sample], kind="stable")]
    middle = int(np.count_nonzero(data.halves[sample] == 0))
    if min(middle, size - middle) < _LEAST_HALF:
        return []
    trial = _Trial(data, sample, middle)
    alone = trial.grow([])
    taken = sample if rows is None else rows[sample]
    candidates = _candidates(alone.gains, data.features, specs, columns, taken)
    scores = [_score(values, alone.early_errors, middle) for _, values in candidates]
    if max(scores, default=0.0) <= 0:
        return []
    order = np.argsort(-np.array(scores), kind="stable")[:_MOST_TRIED]
    tried = [candidates[i] for i in order]
    gains = trial.grow([values for _, values in tried]).gains[trial.X.shape[1] :]
    best = np.argsort(-gains, kind="stable")[:most]
    kept = [tried[i] for i in best if gains[i] > 0]
    together = trial.grow([values for _, values in kept])
    return [pair for pair, _ in kept] if _is_lower(together.losses, alone.losses) else []


def _has_pairs(specs: Sequence[ColumnSpec]) -> bool:
    types = [spec.type for spec in specs]
    return max(types.count(ColumnType.NUMERIC), types.count(ColumnType.DATETIME)) > 1


@dataclass(frozen=True)
class _Grown:
    """Predictions of trees for rows that they were not grown on.

    gains         (n_features,) of splits
    early_errors  (n_rows, n_targets) of the first trees, which have not made up yet for what one feature would say
    losses        (n_rows,) squared errors of all trees
    """

    gains: Floats
    early_errors: Floats
    losses: Floats


class _Trial:
    """The sample and its halves."""

    def __init__(self, data: PairingData, sample: NDArray[np.int64], middle: int) -> None:
        self.X = data.X[sample]
        self._codes = [i for i, feature in enumerate(data.features) if feature.cardinality > 0]
        self._y, self._targets, self._parameters = _posed(data.y[sample], data.n_classes)
        self._parameters["seed"] = data.seed % 2**31
        is_single = self._targets.shape[1] == 1
        self._rounds = _ROUNDS if is_single else _ROUNDS_OF_SEVERAL
        self._early = round(_EARLY / self._parameters["learning_rate"])
        self._halves = (slice(0, middle), slice(middle, None))

    def grow(self, more: Sequence[Floats]) -> _Grown:
        """Trees on the single columns and `more` features, on either half for the other."""
        import lightgbm  # for fitting alone; it takes seconds to import

        X = np.column_stack([self.X, *more]).astype(np.float32)
        gains = np.zeros(X.shape[1])
        early, late = np.empty_like(self._targets), np.empty_like(self._targets)
        for half, other in (self._halves, self._halves[::-1]):
            data = lightgbm.Dataset(
                X[half], self._y[half], categorical_feature=self._codes, params=self._parameters
            )
            booster = lightgbm.train(
                self._parameters,
                data,
                self._rounds,
                valid_sets=[data.create_valid(X[other], self._y[other])],
                callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
            )
            gains += booster.feature_importance("gain")
            for errors, rounds in ((early, self._early), (late, None)):
                answer = np.asarray(booster.predict(X[other], num_iteration=rounds, num_threads=1))
                errors[other] = self._targets[other] - answer.reshape(len(answer), -1)
        return _Grown(gains, early, (late**2).sum(axis=1))


def _is_lower(losses: Floats, than: Floats) -> bool:
    """Return whether losses are lower by more than chance mostly would have it."""
    gained = than - losses
    return bool(gained.mean() > _STANDARD_ERRORS * gained.std() / np.sqrt(len(gained)))


def _posed(y: Floats, n_classes: int) -> tuple[Floats, Floats, dict[str, Any]]:
    """Return what trees learn, (n_rows, n_targets) what they are to answer, and their parameters."""
    if n_classes == 0:
        middle = float(np.median(y))
        # Within -2 .. 2: what is left of a target in float32 inside LightGBM.
        reach = max(abs(float(y.min()) - middle), abs(float(y.max()) - middle))
        scaled = y / reach - middle / reach if reach > 0 else np.zeros_like(y)
        return scaled, scaled[:, None], {**_TREES, "objective": "regression"}
    kept = np.argsort(-np.bincount(y.astype(np.int64)), kind="stable")[: _MOST_CLASSES - 1]
    lumped = np.full(len(y), float(len(kept)))
    for number, label in enumerate(kept):
        lumped[y == label] = number
    n_known = int(lumped.max()) + 1
    if n_known <= 2:
        return lumped, lumped[:, None], {**_TREES, "objective": "binary"}
    targets = (lumped[:, None] == np.arange(n_known)).astype(np.float64)
    several = {"objective": "multiclass", "num_class": n_known, "learning_rate": _RATE_OF_SEVERAL}
    return lumped, targets, {**_TREES, **several}


def _candidates(
    gains: Floats,
    features: Sequence[Feature],
    specs: Sequence[ColumnSpec],
    columns: Columns,
    rows: NDArray[np.int64],
) -> list[tuple[Pair, Floats]]:
    """Pairs of the columns of numbers, and of dates, that split best, with their values on the rows."""
    of_column: dict[str, float] = {}
    for gain, feature in zip(gains.tolist(), features, strict=True):
        of_column[feature.source] = of_column.get(feature.source, 0.0) + gain
    types = {spec.name: spec.type for spec in specs}
    ranked = sorted(
        (
            name
            for name, gain in of_column.items()
            if gain > 0 and types[name] in (ColumnType.NUMERIC, ColumnType.DATETIME)
        ),
        key=lambda name: -of_column[name],
    )
    made = []
    for first, second in combinations(ranked[:_MOST_COLUMNS], 2):
        for pair in _pairs(first, second, {types[first], types[second]}):
            values = combined(pair.operation, columns[pair.first][rows], columns[pair.second][rows])
            made.append((pair, values))
    return made


def _pairs(first: str, second: str, types: set[ColumnType]) -> list[Pair]:
    if types == {ColumnType.DATETIME}:
        return [Pair(first, second, "-")]
    if types != {ColumnType.NUMERIC}:
        return []
    return [*(Pair(first, second, one) for one in OPERATIONS), Pair(second, first, "/")]


def _score(values: Floats, errors: Floats, middle: int) -> float:
    """Return the share of the errors' squares that the means of bins learnt on one half explain on the other."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _N_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    bins[np.isnan(values)] = len(edges) + 1
    n_bins = len(edges) + 2
    halves = (slice(0, middle), slice(middle, None))
    explained = 0.0
    for half, other in (halves, halves[::-1]):
        counts = np.bincount(bins[half], minlength=n_bins) + 1.0
        for target in errors.T:
            means = np.bincount(bins[half], target[half], minlength=n_bins) / counts
            told = means[bins[other]]
            explained += float((told * (2 * target[other] - told)).sum())
    return explained / float((errors**2).sum())
