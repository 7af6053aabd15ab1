"""Draws the curves of docs/scaling.md from the tables of that page, so that they show what it says.

.venv/bin/python -m scripts.curves
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.drawing import FOLDER, WIDTH, Draw, Drawing, files_of

PAGE = FOLDER.parent / "scaling.md"

_HEIGHT = 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 36, 36, 226
"""Where the chart stands: what is above, below and beside it are words."""

_BETWEEN = 16
"""Between two lines of words."""

_APART = 48
"""Between two counts below the chart; of those that stand closer the larger is told."""

Table = Sequence[Sequence[str]]
"""Cells of a table of the page, the head first."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """A picture with logarithmic axes.

    section    heading of the page whose tables are drawn
    across     what the horizontal axis counts
    up         what the vertical axis measures
    curves     returns the points of each curve by name
    """

    section: str
    across: str
    up: str
    curves: Callable[[Sequence[Table]], Mapping[str, Points]]


def by_row(*names: str) -> Callable[[Sequence[Table]], Mapping[str, Points]]:
    """Return the curves of rows with these names, of all tables of a section; counts stand in the heads of columns."""

    def curves(tables: Sequence[Table]) -> Mapping[str, Points]:
        return {
            name: [
                (_number(head), _number(cell))
                for table in tables
                for row in table[1:]
                if row[0] == name
                for head, cell in zip(table[0][1:], row[1:], strict=True)
            ]
            for name in names
        }

    return curves


def by_column(
    across: str, names: Sequence[str], table: int = 0, where: Mapping[str, str] | None = None
) -> Callable[[Sequence[Table]], Mapping[str, Points]]:
    """Return the curves of columns with these names, of one table of a section; cells without a number are left out.

    across    column of the counts
    table     its place in the section
    where     cells that a row must have, by column
    """

    def curves(tables: Sequence[Table]) -> Mapping[str, Points]:
        head, *rows = tables[table]
        kept = [
            row
            for row in rows
            if all(row[head.index(name)] == cell for name, cell in (where or {}).items())
        ]
        return {
            name: [
                (_number(row[head.index(across)]), _number(row[head.index(name)]))
                for row in kept
                if row[head.index(name)][:1].isdigit()
            ]
            for name in names
        }

    return curves


_SIZES = ("read and analysed, s", "first candidate, s", "largest task, MB")

CHARTS: Mapping[str, Chart] = {
    "growth-jobs": Chart(
        "Jobs in the store",
        "jobs in the store",
        "milliseconds at the median",
        by_row(
            "CreateAutoMLJob",
            "ListAutoMLJobs, first page",
            "ListAutoMLJobs, by name",
            "console, first page",
        ),
    ),
    "growth-candidates": Chart(
        "Candidates of a job",
        "candidates of the job",
        "milliseconds at the median",
        by_row(
            "DescribeAutoMLJob",
            "ListCandidatesForAutoMLJob, first page",
            "console, the job",
            "console, its leaderboard",
        ),
    ),
    "growth-rows": Chart(
        "Rows and columns",
        "rows, of 30 columns",
        "seconds or MB, as named",
        by_column("rows", _SIZES, where={"columns": "30"}),
    ),
    "growth-columns": Chart(
        "Rows and columns",
        "columns, of 2,000 rows",
        "seconds or MB, as named",
        by_column("columns", _SIZES, where={"rows": "2,000"}),
    ),
    "growth-endpoints": Chart(
        "Endpoints on one machine",
        "endpoints",
        "MB or milliseconds, as named",
        by_column(
            "endpoints", ("memory of all (PSS), MB", "of the server, MB", "InvokeEndpoint ms p50")
        ),
    ),
    "growth-hosts": Chart(
        "Hosts",
        "hosts",
        "seconds",
        by_column("hosts", ("s to InService", "all instances ready again after, s", "slowest, s")),
    ),
    "growth-nodes": Chart(
        "Many machines, simulated",
        "nodes",
        "jobs a day",
        by_column("nodes", ("jobs a day",), table=1),
    ),
}
"""By name of the picture."""


def tables_of(page: str) -> dict[str, list[Table]]:
    """Return the tables of a page in Markdown by the heading that they stand below."""
    found: dict[str, list[Table]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
        found[heading.strip()] = [_cells(block) for block in blocks]
    return found


def drawings(page: str) -> dict[str, tuple[int, Draw]]:
    """Return what is to be drawn of a page, by name, with the height."""
    tables = tables_of(page)
    return {
        name: (_HEIGHT, partial(_draw, chart=chart, curves=chart.curves(tables[chart.section])))
        for name, chart in CHARTS.items()
    }


def _cells(block: str) -> Table:
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in block.splitlines()]
    return [rows[0], *rows[2:]]


def _number(cell: str) -> float:
    """Read the number that a cell begins with."""
    [digits] = re.findall(r"^[\d,]+(?:\.\d+)?", cell)
    return float(digits.replace(",", ""))


def _draw(draw: Drawing, chart: Chart, curves: Mapping[str, Points]) -> None:
    counts = sorted({x for points in curves.values() for x, _ in points})
    powers = _powers([y for points in curves.values() for _, y in points])
    xs = _Scale(counts[0], counts[-1], _LEFT, WIDTH - _RIGHT)
    ys = _Scale(powers[0], powers[-1], _BOTTOM, _TOP + _BETWEEN * len(curves))
    for power in powers:
        draw.rule(_LEFT, ys.at(power), WIDTH - _RIGHT, ys.at(power))
        draw.text(_LEFT - 6, ys.at(power) + 4, f"{power:,g}", quiet=True, at="end")
    taken = math.inf
    for count in reversed(counts):
        if taken - xs.at(count) >= _APART:
            draw.text(xs.at(count), _BOTTOM + 18, _short(count), quiet=True, at="middle")
            taken = xs.at(count)
    draw.text(WIDTH - _RIGHT, _BOTTOM + 36, chart.across, at="end")
    draw.text(6, 16, chart.up)
    for number, (name, points) in enumerate(curves.items()):
        draw.curve([(xs.at(x), ys.at(y)) for x, y in points], number)
        y = _TOP + _BETWEEN * number
        draw.curve([(_LEFT, y), (_LEFT + 18, y)], number)
        draw.text(_LEFT + 28, y + 4, name, quiet=True)


def _powers(values: Sequence[float]) -> list[float]:
    """Return the powers of ten between which values lie."""
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True)
class _Scale:
    """A logarithmic axis.

    first, last    what stands at its ends
    begin, end     where they are
    """

    first: float
    last: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.first) / math.log(self.last / self.first)
        return round(self.begin + share * (self.end - self.begin), 1)


def _short(count: float) -> str:
    return f"{count / 1e6:g} million" if count >= 1e6 else f"{count:,g}"


def main() -> None:
    for name, text in files_of(drawings(PAGE.read_text())).items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
