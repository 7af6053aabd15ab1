"""Where a candidate is wrong: its error by the values of a column, from segments.json of its model insights report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.bars import bar_chart
from windvane.console.charts.base import Chart
from windvane.console.wording import NOTHING, number, percent

Document = Mapping[str, Any]

_MOST_COLUMNS, _MOST_SEGMENTS = 100, 20
_FEW_ROWS = 30
"""Below this, a segment is left aside when the column that is shown first is picked."""

_Z = 1.959964


@dataclass(frozen=True)
class SegmentRow:
    """One segment; `mark` says whether its whole interval is above or below the error of all rows."""

    label: str
    rows: int
    error: str
    interval: str
    bias: str
    mark: str


@dataclass(frozen=True)
class Segments:
    """The errors of a candidate by one column.

    measure    what the error is: a share of rows, or a mean in units of the target
    """

    columns: Sequence[str]
    column: str
    measure: str
    overall: str
    rows: Sequence[SegmentRow]
    chart: Chart
    has_bias: bool


def segments_of(document: Document | None, asked: str) -> Segments | None:
    """Return the errors by the column that is asked for, else by the one whose segments differ most; None if there is no
    document, as in reports of earlier versions, or no column in it.

    document    segments.json
    """
    columns = {one["name"]: one for one in (document or {}).get("columns", ())[:_MOST_COLUMNS]}
    if document is None or not columns:
        return None
    chosen = columns.get(asked) or max(columns.values(), key=_spread)
    segments = chosen["segments"][:_MOST_SEGMENTS]
    overall = document["overall"]["error"]
    say = percent if document["is_share"] else number
    errors = {
        one["label"]: (one["high"] - one["low"]) / (2 * _Z) for one in segments if "low" in one
    }
    return Segments(
        list(columns),
        chosen["name"],
        document["measure"],
        say(overall),
        [_row(one, overall, say) for one in segments],
        bar_chart(
            f"{document['measure'].capitalize()} by {chosen['name']}",
            [(one["label"], one["error"]) for one in segments],
            chosen["name"],
            document["measure"],
            say,
            errors,
        ),
        any("bias" in one for one in segments),
    )


def _spread(column: Document) -> float:
    errors = [one["error"] for one in column["segments"] if one["rows"] >= _FEW_ROWS]
    return float(max(errors) - min(errors)) if errors else 0.0


def _row(one: Document, overall: float, say: Any) -> SegmentRow:
    has_interval = "low" in one
    mark = ""
    if has_interval and one["low"] > overall:
        mark = "above average"
    elif has_interval and one["high"] < overall:
        mark = "below average"
    bias = NOTHING
    if "bias" in one:
        error = one.get("bias_error")
        bias = number(one["bias"]) + (f" ± {number(error)}" if error is not None else "")
    return SegmentRow(
        one["label"],
        one["rows"],
        say(one["error"]),
        f"{say(one['low'])} to {say(one['high'])}" if has_interval else NOTHING,
        bias,
        mark,
    )
