"""Statistics of one column, as plain values that survive JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType, Values
from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.data.quantiles import quantiles_of_sorted

N_TOP = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_FENCE, _FEW = 3, 0.05
_SQUARABLE = 1e100
"""The third power of larger numbers, and sums of it, would be infinite; that of the inverse of larger ones nothing."""

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


def describe_column(column: EncodedColumn, spec: ColumnSpec, values: Values) -> dict[str, Any]:
    """missing, distinct (texts), and by type:

    NUMERIC     min, max, mean, std, quantiles {"0.05": ...}, skewness, zeros, nearest_to_zero (the number of the
                smallest size, besides zeros; 0 if there is none), outliers (beyond 3 interquartile
                ranges from the quartiles), isolated (those of them that are more than twice as far
                out as any other cell, if they are few and not just the end of a long tail)
    DATETIME    min, max (ISO 8601)
    otherwise   top [[text, count], ...]; TEXT also mean_words, mean_characters
    """
    statistics: dict[str, Any] = {"distinct": len(column.texts)}
    if spec.type in (ColumnType.NUMERIC, ColumnType.DATETIME):
        present = values[~np.isnan(values)]
        statistics["missing"] = len(values) - len(present)
        describe = _dates if spec.type is ColumnType.DATETIME else describe_numbers
        return statistics | (describe(present) if len(present) else {})
    n_present, top = _top(column, spec)
    statistics |= {"missing": column.n_rows - n_present, "top": top}
    if spec.type is ColumnType.TEXT:
        statistics |= _lengths(column)
    return statistics


def describe_numbers(present: NDArray[np.float64]) -> dict[str, Any]:
    """Return the statistics of at least one number, none of them NaN."""
    return describe_sorted(np.sort(present))


def describe_sorted(present: NDArray[np.float64]) -> dict[str, Any]:
    """Return statistics as `describe_numbers` does, of numbers in rising order."""
    largest = max(abs(float(present[0])), abs(float(present[-1])))
    if largest > _SQUARABLE or 0 < largest < 1 / _SQUARABLE:
        told = describe_sorted(present / largest)
        return {**told, **_times(largest, told)}
    cuts = quantiles_of_sorted(present, QUANTILES)
    mean, std = float(present.mean()), float(present.std())
    centred = (present - mean) / std if std > 0 else np.zeros(1)
    below, above = _beyond_fences(present, cuts[1], cuts[3])
    first_zero, after_zeros = (int(np.searchsorted(present, 0.0, s)) for s in ("left", "right"))
    beside = [*present[:first_zero][-1:], *present[after_zeros:][:1]]
    return {
        "min": float(present[0]),
        "max": float(present[-1]),
        "mean": mean,
        "std": std,
        "quantiles": {str(q): float(cut) for q, cut in zip(QUANTILES, cuts, strict=True)},
        "skewness": float((centred * centred * centred).mean()),
        "zeros": after_zeros - first_zero,
        "nearest_to_zero": float(min(beside, key=abs, default=0.0)),
        "outliers": len(below) + len(above),
        "isolated": _n_isolated(below, len(present)) + _n_isolated(above, len(present)),
    }


def _times(factor: float, told: dict[str, Any]) -> dict[str, Any]:
    """Return those of the statistics that grow with the numbers."""
    quantiles = {q: cut * factor for q, cut in told["quantiles"].items()}
    scaled = ("min", "max", "mean", "std", "nearest_to_zero")
    return {"quantiles": quantiles, **{name: told[name] * factor for name in scaled}}


def _beyond_fences(
    present: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances from the nearer quartile, in interquartile ranges, of the cells that are more than _FENCE of them
    below and above, rising."""
    spread = high - low
    if not spread > 0:
        return np.empty(0), np.empty(0)
    n_below = np.searchsorted(present, low - _FENCE * spread, side="left")
    n_inside = np.searchsorted(present, high + _FENCE * spread, side="right")
    return (low - present[:n_below][::-1]) / spread, (present[n_inside:] - high) / spread


def _n_isolated(distances: NDArray[np.float64], n_cells: int) -> int:
    """Return how many of the farthest lie beyond a gap: more than twice as far out as the next nearer cell, or as the
    fence. More than a few would be a part of the column; fewer than half of those beyond the fence are the end of a
    long tail."""
    if not len(distances):
        return 0
    nearer = np.concatenate([[_FENCE], distances[:-1]])
    n_beyond = len(distances) - np.flatnonzero(distances > 2 * nearer)
    few = n_beyond[n_beyond <= max(1, _FEW * n_cells)]
    return int(few[0]) if len(few) and 2 * few[0] >= len(distances) else 0


def _dates(present: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "min": (_ORIGIN + timedelta(seconds=float(present.min()))).isoformat(),
        "max": (_ORIGIN + timedelta(seconds=float(present.max()))).isoformat(),
    }


def _top(column: EncodedColumn, spec: ColumnSpec) -> tuple[int, list[list[Any]]]:
    counts = column.counts()
    missing = {"", *spec.parse.get("missing", ())}
    order = np.argsort(-counts, kind="stable")
    # Markers of missing values are few; one look past the top finds those that rank among it.
    head = [(column.texts[i].as_py().strip(), int(counts[i])) for i in order[: N_TOP + 20]]
    shown = [[text[:200], count] for text, count in head if text not in missing][:N_TOP]
    return int(counts.sum()) - sum(count for text, count in head if text in missing), shown


def _lengths(column: EncodedColumn) -> dict[str, Any]:
    texts = column.texts[:: max(1, len(column.texts) // 2000)].to_pylist()
    return {
        "mean_words": float(np.mean([len(text.split()) for text in texts])),
        "mean_characters": float(np.mean([len(text) for text in texts])),
    }
