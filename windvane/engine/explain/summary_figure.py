"""The picture of every explained row: one point a row and column, where the column moved the answer to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import Values
from windvane.engine.explain.explanation import Explanation
from windvane.engine.reports.colours import INK, low_to_high
from windvane.engine.reports.document import Figure, Table
from windvane.engine.reports.labels import LINE, drawn
from windvane.wording import signed

_MOST_COLUMNS = 12
_BINS = 60
_ROOM = 0.8
"""Between the outermost points of a column; columns are 1 apart."""


def summary_figure(explanation: Explanation, output: int, scale: str) -> Figure:
    """Return a figure with the points of one output; a number's colour goes from blue for its lowest cells to orange
    for its highest, words and missing cells are grey.

    scale    what the values are measured in
    """
    shown = explanation.importance().ranking()[:_MOST_COLUMNS]
    values = explanation.attribution.values[:, shown, output]
    names = [explanation.names[number] for number in shown]
    colours = [low_to_high(_standing(explanation.cells[name])) for name in names]

    def draw(axes: Any) -> None:
        widest = max(1, max(_fullest(values[:, place]) for place in range(len(names))))
        for place, colour in enumerate(colours):
            across = place + _ROOM * _stacked(values[:, place]) / widest
            axes.scatter(values[:, place], across, s=9, c=colour, linewidths=0)
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_yticks(np.arange(len(names)), [drawn(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(f"SHAP value, {drawn(scale, LINE)}")

    alt = (
        f"For each column, its SHAP values in {len(values)} predictions as points, from negative "
        "(left) to positive (right); blue points are rows with a low value, orange ones rows "
        "with a high value, grey ones rows with text or a missing value."
    )
    rows = [[name, *_spread(values[:, place])] for place, name in enumerate(names)]
    table = Table(["Column", "10 %", "Median", "90 %"], rows, frozenset({1, 2, 3}))
    height = 1.2 + 0.34 * len(names)
    return Figure(f"SHAP values: {scale}", draw, alt, table, height=height)


def _standing(cells: Values) -> NDArray[np.float64]:
    """Return (n_rows,) from 0 for the lowest number to 1 for the highest by rank; NaN for words and missing cells."""
    made = np.full(len(cells), np.nan)
    if cells.dtype == object:
        return made
    known = ~np.isnan(cells)
    _, rank = np.unique(cells[known], return_inverse=True)
    made[known] = rank / max(1, rank.max(initial=0))
    return made


def _binned(values: NDArray[np.float64]) -> NDArray[np.intp]:
    low, high = float(values.min()), float(values.max())
    span = high - low if high > low else 1.0
    return np.asarray(((values - low) / span * _BINS).astype(np.intp))


def _fullest(values: NDArray[np.float64]) -> int:
    return int(np.bincount(_binned(values)).max())


def _stacked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n_rows,) how far from its line a point lies, in points: those of a bin alternate to both sides."""
    bins = _binned(values)
    made = np.zeros(len(values))
    for one in np.unique(bins):
        inside = np.flatnonzero(bins == one)
        turn = np.arange(len(inside))
        made[inside] = (turn + 1) // 2 * np.where(turn % 2, 1, -1)
    return made


def _spread(values: NDArray[np.float64]) -> list[str]:
    """A tenth of the values is below the first, half below the second, nine tenths below the third."""
    return [signed(cut) for cut in np.quantile(values, (0.1, 0.5, 0.9)).tolist()]
