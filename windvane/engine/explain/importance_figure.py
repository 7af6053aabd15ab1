"""The picture of how much each column matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from windvane.engine.explain.explanation import Explanation
from windvane.engine.reports.colours import BLUE, INK
from windvane.engine.reports.document import Figure, Table
from windvane.engine.reports.labels import LINE, drawn
from windvane.wording import number

_MOST_BARS = 15
_MOST_LABELS = 6


def importance_figure(explanation: Explanation, scale: str) -> Figure:
    """Return a bar a column, the one that matters most on top. The table has every column.

    scale    what the values are measured in
    """
    importance = explanation.importance()
    shown = importance.ranking()[:_MOST_BARS]
    sizes, errors = importance.total[shown], importance.total_errors[shown]
    labels = [drawn(explanation.names[column]) for column in shown]

    def draw(axes: Any) -> None:
        places = np.arange(len(shown))
        axes.barh(places, sizes, xerr=errors, color=BLUE, ecolor=INK, capsize=2)
        axes.set_yticks(places, labels)
        axes.invert_yaxis()
        axes.set_xlabel(f"mean |SHAP value|, {drawn(scale, LINE)}")

    names = [explanation.names[column] for column in shown[:3]]
    alt = (
        "Bar chart of the mean absolute SHAP value per column; the largest are those of "
        f"{', '.join(names)}."
    )
    height = 1.2 + 0.28 * len(shown)
    return Figure("Feature importance", draw, alt, _table(explanation), height=height)


def _table(explanation: Explanation) -> Table:
    importance = explanation.importance()
    outputs = explanation.outputs if 1 < len(explanation.outputs) <= _MOST_LABELS else ()
    rows = []
    for column in importance.ranking():
        by_label = importance.values[column, : len(outputs)] if outputs else np.empty(0)
        numbers = (importance.total[column], importance.total_errors[column], *by_label)
        rows.append([explanation.names[column], *map(number, numbers)])
    return Table(
        head=["Column", "Mean |SHAP|", "Standard error", *outputs],
        rows=rows,
        numeric=frozenset(range(1, 3 + len(outputs))),
        caption="Over all explained rows"
        + (", summed over the classes." if len(explanation.outputs) > 1 else "."),
    )
