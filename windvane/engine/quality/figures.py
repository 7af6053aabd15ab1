"""figures.json: what the pictures of a model insights report are drawn from, for whoever draws them again.

Our own, beside Model Monitor's documents. Every number is finite.

    version
    rows          which rows were judged, in words
    labels        of classes, of two the second is positive; [] for regression
    paired        the objective by blocks of rows, for comparing candidates (engine/quality/paired.py); absent where it cannot
                  be computed
    thresholds    of two classes: what each probability from which on the positive class is predicted does
                  {"own", "n_positive", "n_negative", "threshold": [...], "hits": [...], "alarms": [...]}, falling
    calibration   of classes: rows in bins by probability (of two classes of the positive one, else of the one predicted)
                  {"expected_error", "by_chance", "brier", "rows": [...], "predicted", "observed", "low", "high"}
    points        of a regression: some rows, spread over the predictions {"actual": [...], "predicted": [...]}
    residuals     of a regression, actual minus predicted {"mean", "median", "below", "above", "edges", "counts"}
    intervals     of a regression, around predictions in bins by their size {"levels", "rows", "centres", "low", "high"};
                  "held" and "width" by level as measured on parts of the rows that the intervals were not made from
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from windvane.domain.problem import ProblemType
from windvane.engine.quality.calibration import Reliability, reliability
from windvane.engine.quality.curves import Ranking, ranking
from windvane.engine.quality.intervals import LEVELS, cross_coverage, fit_intervals
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.paired import blocks_of_rows
from windvane.engine.quality.residuals import histogram, spread_points
from windvane.engine.scoring.metrics import Indices

VERSION = 1
_MOST_THRESHOLDS = 400
"""And the model's own."""


def figures_json(judged: Judged) -> dict[str, Any]:
    """Return the document."""
    return {
        "version": VERSION,
        "rows": judged.rows_are,
        "labels": list(judged.labels),
        **_paired(judged),
        **_KINDS[judged.problem_type](judged),
    }


def _paired(judged: Judged) -> dict[str, Any]:
    found = blocks_of_rows(judged)
    return {} if found is None else {"paired": found.to_json()}


def _binary(judged: Judged) -> dict[str, Any]:
    ranked = ranking(judged)
    if not ranked.has_both:
        return {}
    found = reliability(judged.positive, judged.truth == 1)
    return {"thresholds": _thresholds(judged, ranked), "calibration": _calibration(found)}


def _multiclass(judged: Judged) -> dict[str, Any]:
    of_decided = judged.predicted[np.arange(judged.n_rows), judged.classes]
    return {"calibration": _calibration(reliability(of_decided, judged.truth == judged.classes))}


def _regression(judged: Judged) -> dict[str, Any]:
    few = spread_points(judged.predicted)
    return {
        "points": {
            "actual": judged.y[few].tolist(),
            "predicted": judged.predicted[few].tolist(),
        },
        "residuals": _residuals(judged),
        "intervals": _intervals(judged),
    }


def _thresholds(judged: Judged, ranked: Ranking) -> dict[str, Any]:
    kept = _spread(ranked, judged.threshold)
    return {
        "own": judged.threshold,
        "n_positive": ranked.n_positive,
        "n_negative": ranked.n_negative,
        "threshold": ranked.thresholds[kept].tolist(),
        "hits": ranked.hits[kept].tolist(),
        "alarms": ranked.alarms[kept].tolist(),
    }


def _spread(ranked: Ranking, own: float) -> Indices:
    """Return places of thresholds, evenly spread half by probability and half by how many rows are above; the first,
    the last and the model's own among them."""
    n_steps = ranked.thresholds.size
    if n_steps <= _MOST_THRESHOLDS:
        return np.arange(n_steps)
    half = _MOST_THRESHOLDS // 2
    taken = ranked.hits + ranked.alarms
    by_rows = np.searchsorted(taken, np.linspace(taken[0], taken[-1], half))
    falling = np.linspace(ranked.thresholds[0], ranked.thresholds[-1], half)
    by_probability = np.searchsorted(-ranked.thresholds, -falling)
    of_own = np.searchsorted(-ranked.thresholds, -own, side="right") - 1
    every = np.concatenate((by_rows, by_probability, [of_own]))
    return np.unique(np.clip(every, 0, n_steps - 1))


def _calibration(found: Reliability) -> dict[str, Any]:
    return {
        "expected_error": found.expected_error,
        "by_chance": found.by_chance,
        "brier": found.brier,
        "rows": found.counts.tolist(),
        "predicted": found.predicted.tolist(),
        "observed": found.observed.tolist(),
        "low": found.low.tolist(),
        "high": found.high.tolist(),
    }


def _residuals(judged: Judged) -> dict[str, Any]:
    residuals = judged.y - judged.predicted
    found = histogram(residuals)
    return {
        "mean": float(residuals.mean()),
        "median": float(np.median(residuals)),
        "below": found.below,
        "above": found.above,
        "edges": found.edges.tolist(),
        "counts": found.counts.tolist(),
    }


def _intervals(judged: Judged) -> dict[str, Any]:
    made = fit_intervals(judged.y, judged.predicted)
    bins, n_bins = made.bins(judged.predicted), len(made.low)
    counts = np.bincount(bins, minlength=n_bins)
    coverage = cross_coverage(judged)
    measured = (
        {}
        if coverage is None
        else {"held": coverage.share.tolist(), "width": coverage.width.tolist()}
    )
    return {
        "levels": list(LEVELS),
        "edges": made.edges.tolist(),
        "rows": counts.tolist(),
        "centres": (np.bincount(bins, judged.predicted, minlength=n_bins) / counts).tolist(),
        "low": made.low.tolist(),
        "high": made.high.tolist(),
        **measured,
    }


_KINDS: dict[ProblemType, Callable[[Judged], dict[str, Any]]] = {
    ProblemType.BINARY: _binary,
    ProblemType.MULTICLASS: _multiclass,
    ProblemType.REGRESSION: _regression,
}
