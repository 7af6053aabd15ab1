"""The picture of how the answer changes with one column alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.data.cells import cell_texts
from windvane.engine.explain.dependence import Dependence
from windvane.engine.explain.explanation import Explanation
from windvane.engine.reports.colours import BLUE, GREY, IN_TURN
from windvane.engine.reports.document import Figure, Table
from windvane.engine.reports.labels import LINE, drawn
from windvane.wording import number, share, signed

_DATE_TICKS = 4
_MARKS = ("o", "s", "^", "D")
_NO_CELL = "(missing)"


def dependence_figure(explanation: Explanation, one: Dependence) -> Figure:
    """Return a line, or points for words; of three classes and more those that change most. The band is of single rows."""
    outputs = _most_moved(explanation)
    texts = [text or _NO_CELL for text in one.texts]

    def draw(axes: Any) -> None:
        places = one.grid if one.is_ordered else np.arange(len(texts))
        line = "-" if one.is_ordered else ""
        for output, colour, mark in zip(outputs, IN_TURN, _MARKS, strict=False):
            name = drawn(explanation.outputs[output])
            style = f"{line}{mark}"
            axes.plot(places, one.effect[:, output], style, color=colour, markersize=4, label=name)
        if len(outputs) == 1:
            _draw_spread(axes, one, places)
        else:
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.set_xlabel(drawn(one.column.name, LINE))
        axes.set_ylabel(
            "change in probability" if explanation.labels else "change in predicted value"
        )
        _set_ticks(axes, one, texts)

    single = len(outputs) == 1
    alt = f"Mean change of the prediction over {len(texts)} values of {one.column.name}" + (
        ", with the range that contains 80 % of the rows." if single else ", by class."
    )
    return Figure(f"Partial dependence: {one.column.name}", draw, alt, _table(explanation, one))


def _most_moved(explanation: Explanation) -> list[int]:
    """Return the same for all columns, so that a class keeps its colour."""
    moved = np.sum([np.ptp(one.effect, axis=0) for one in explanation.dependences], axis=0)
    return sorted(np.argsort(-moved, kind="stable")[: len(IN_TURN)].tolist())


def _draw_spread(axes: Any, one: Dependence, places: Any) -> None:
    if one.is_ordered:
        axes.fill_between(places, one.low[:, 0], one.high[:, 0], color=BLUE, alpha=0.2, linewidth=0)
    else:
        axes.vlines(places, one.low[:, 0], one.high[:, 0], color=BLUE, alpha=0.5)


def _set_ticks(axes: Any, one: Dependence, texts: list[str]) -> None:
    if one.column.type is ColumnType.DATETIME:
        shown = np.linspace(one.grid[0], one.grid[-1], _DATE_TICKS)
        axes.set_xticks(shown, [text[:10] for text in cell_texts(shown, one.column)])
    elif not one.is_ordered:
        axes.set_xticks(np.arange(len(texts)), [drawn(text) for text in texts], rotation=60)


def _table(explanation: Explanation, one: Dependence) -> Table:
    rows = [
        [
            text or _NO_CELL,
            share(part),
            explanation.outputs[output],
            number(one.answers[point, output]),
            signed(one.effect[point, output]),
            f"{signed(one.low[point, output])} to {signed(one.high[point, output])}",
        ]
        for output in _most_moved(explanation)
        for point, (text, part) in enumerate(zip(one.texts, one.shares.tolist(), strict=True))
    ]
    return Table(
        head=["Value", "Rows nearby", "Predicted", "Mean", "Change", "10th to 90th percentile"],
        rows=rows,
        numeric=frozenset({1, 3, 4, 5}),
        caption=f"Over {one.n_rows} rows; their other columns are unchanged.",
    )
