"""Tables in Markdown whose columns line up in a terminal too, and the numbers in them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.records import Cell

NOTHING = "–"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def spelled(line: Sequence[str]) -> str:
        first, *others = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "| " + " | ".join([first, *others]) + " |"

    rule = [
        "-" * widths[0],
        *("-" * (width - 1) + ":" for width in widths[1:]),
    ]
    return "\n".join([spelled(head), "| " + " | ".join(rule) + " |", *map(spelled, rows)])


def number(value: float | None, decimals: int) -> str:
    return NOTHING if value is None else f"{value:,.{decimals}f}"


def score_text(value: float) -> str:
    """Four significant places after the point for small scores, none for large ones."""
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def median_and_highest(values: Sequence[float], decimals: int, sign: str = "") -> str:
    """'median (highest)'; what there is nothing of is a dash."""
    if not values:
        return NOTHING
    middle, highest = statistics.median(values), max(values)
    return f"{middle:{sign},.{decimals}f} ({highest:{sign},.{decimals}f})"


def score_with_spread(cell: Cell) -> str:
    """The median over the seeds, and the lowest and highest if there is more than one."""
    scores = cell.values("score")
    middle = cell.median("score")
    if middle is None or cell.n_failed == len(cell.runs):
        return "FAILED"
    if len(scores) == 1:
        return score_text(middle)
    return f"{score_text(middle)} [{score_text(min(scores))}, {score_text(max(scores))}]"
