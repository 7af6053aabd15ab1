"""Where a candidate is wrong, in its model insights report: the columns whose segments differ most, from segments.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from windvane.engine.reports.document import Block, Report, Section, Table, Text
from windvane.group_metrics import FEWEST_ROWS, Group, Rate
from windvane.wording import count, number, share

MOST_SHOWN = 5
"""Columns in the report; segments.json has all."""


def with_segments(report: Report, document: Mapping[str, Any]) -> Report:
    """Return a model insights report with the section on errors by segment at its end.

    document    what `segments_json` returns
    """
    section = segments_section(document)
    return report if section is None else replace(report, sections=[*report.sections, section])


def segments_section(document: Mapping[str, Any]) -> Section | None:
    """Return the section on errors by segment; None if no column has segments.

    document    what `segments_json` returns
    """
    columns = sorted(document["columns"], key=_spread, reverse=True)[:MOST_SHOWN]
    if not columns:
        return None
    measure, say = document["measure"], share if document["is_share"] else number
    text = Text(
        f"The {measure} of all evaluated rows is {say(document['overall']['error'])}. The tables show "
        f"it by the values of the {len(columns)} columns whose segments of at least {FEWEST_ROWS} rows "
        "differ most; these were picked because they differ, so some of the differences are chance. "
        "Columns that the model does not use are among them. segments.json lists all columns."
    )
    blocks: list[Block] = [text]
    for column in columns:
        blocks.append(_errors(column, measure, say))
        if all("hits" in one for one in column["segments"]):
            blocks.append(_rates(column))
    return Section("Error by segment", blocks)


def _spread(column: Mapping[str, Any]) -> float:
    errors = [one["error"] for one in column["segments"] if one["rows"] >= FEWEST_ROWS]
    return max(errors) - min(errors) if errors else 0.0


def _errors(column: Mapping[str, Any], measure: str, say: Callable[[float], str]) -> Table:
    has_bias = any("bias" in one for one in column["segments"])
    head: tuple[str, ...] = (column["name"], "Rows", measure.capitalize(), "95 % interval")
    rows = [
        (
            _labelled(one["label"], one["rows"]),
            count(one["rows"]),
            say(one["error"]),
            f"{say(one['low'])} to {say(one['high'])}" if "low" in one else "–",
            *((number(one["rmse"]), number(one["bias"])) if has_bias else ()),
        )
        for one in column["segments"]
    ]
    if has_bias:
        head = (*head, "Root mean squared error", "Mean residual")
    return Table(head, rows, frozenset(range(1, len(head))), f"{measure.capitalize()} by segment.")


def _rates(column: Mapping[str, Any]) -> Table:
    head = (
        column["name"],
        "Base rate",
        "Selection rate",
        "True positive rate",
        "False positive rate",
        "Precision",
        "Calibration error",
    )
    rows = [
        (
            _labelled(one.label, one.rows),
            *(
                _rate(rate)
                for rate in (
                    one.base,
                    one.selection,
                    one.true_positive,
                    one.false_positive,
                    one.precision,
                )
            ),
            "–" if one.calibration_error is None else share(one.calibration_error),
        )
        for one in map(Group.of, column["segments"])
    ]
    return Table(head, rows, frozenset(range(1, len(head))), "Rates of the same segments.")


def _labelled(label: str, n_rows: int) -> str:
    return label if n_rows >= FEWEST_ROWS else f"{label} (few rows)"


def _rate(rate: Rate) -> str:
    return "–" if rate.value is None else share(rate.value)
