"""The picture of how the answer changes with one column alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.explain.colours import BLUE, GREY, IN_TURN
from windvane.engine.explain.dependence import Dependence
from windvane.engine.explain.explanation import Explanation
from windvane.engine.explain.shown import LINE, label_text, number_text, signed_text
from windvane.engine.reports.document import Figure, Table

_MOST_TICKS = 5
_NO_CELL = "(missing)"


def dependence_figure(explanation: Explanation, one: Dependence) -> Figure:
    """A line, or points for words; of three classes and more those that change most. The band is of single rows."""
    outputs = _most_moved(one)
    texts = [text or _NO_CELL for text in one.texts]

    def draw(axes: Any) -> None:
        places = one.grid if one.is_ordered else np.arange(len(texts))
        for output, colour in zip(outputs, IN_TURN, strict=False):
            name = label_text(explanation.outputs[output])
            style = "-o" if one.is_ordered else "o"
            axes.plot(places, one.effect[:, output], style, color=colour, markersize=4, label=name)
        if len(outputs) == 1:
            _draw_spread(axes, one, places)
        else:
            axes.legend(frameon=False)
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.set_xlabel(label_text(one.column.name, LINE))
        axes.set_ylabel("change of the answer")
        _set_ticks(axes, one, texts)

    single = len(outputs) == 1
    alt = f"Mean change of the answer over {len(texts)} cells of {one.column.name}" + (
        ", with the range in which four fifths of the rows lie." if single else ", by class."
    )
    return Figure(f"Partial dependence: {one.column.name}", draw, alt, _table(explanation, one))


def _most_moved(one: Dependence) -> list[int]:
    moved = np.ptp(one.effect, axis=0)
    return [int(output) for output in np.argsort(-moved, kind="stable")[: len(IN_TURN)]]


def _draw_spread(axes: Any, one: Dependence, places: Any) -> None:
    if one.is_ordered:
        axes.fill_between(places, one.low[:, 0], one.high[:, 0], color=BLUE, alpha=0.2, linewidth=0)
    else:
        axes.vlines(places, one.low[:, 0], one.high[:, 0], color=BLUE, alpha=0.5)


def _set_ticks(axes: Any, one: Dependence, texts: list[str]) -> None:
    if one.column.type is ColumnType.DATETIME:
        shown = np.unique(np.linspace(0, len(texts) - 1, _MOST_TICKS).astype(int))
        axes.set_xticks(one.grid[shown], [texts[i][:10] for i in shown])
    elif not one.is_ordered:
        axes.set_xticks(np.arange(len(texts)), [label_text(text) for text in texts], rotation=60)


def _table(explanation: Explanation, one: Dependence) -> Table:
    rows = [
        [
            text or _NO_CELL,
            f"{share:.1%}",
            explanation.outputs[output],
            number_text(one.answers[point, output]),
            signed_text(one.effect[point, output]),
            f"{signed_text(one.low[point, output])} to {signed_text(one.high[point, output])}",
        ]
        for output in _most_moved(one)
        for point, (text, share) in enumerate(zip(one.texts, one.shares.tolist(), strict=True))
    ]
    return Table(
        head=["Cell", "Rows nearby", "Answer", "Mean", "Change", "10 % to 90 % of rows"],
        rows=rows,
        numeric=frozenset({1, 3, 4, 5}),
        caption=f"Over {one.n_rows} rows, whose other cells stay as they are.",
    )
