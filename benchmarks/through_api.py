"""Jobs and endpoints of a server beside the library, table by table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.markdown import NOTHING, markdown_table, number, score_text
from benchmarks.records import SERVICE, Cell, Cells
from benchmarks.scale import Way, normalised

_HEAD = (
    "table",
    "budget s",
    "test score",
    "library's",
    "score 0..1",
    "library's",
    "time used",
    "library's",
    "candidates",
    "library's",
    "peak PSS MB",
    "1 row ms",
    "CPU of others",
    "commit",
)


def service_table(cells: Cells, tables: Sequence[str], ours: str) -> str:
    """Every table that has runs through the API, with their means; "" if there are none."""
    own = sorted(
        (cell for cell in cells if cell.system == SERVICE and cell.dataset in tables),
        key=lambda cell: (cell.budget, tables.index(cell.dataset)),
    )
    if not own:
        return ""
    pairs = [(cell, cells.get(ours, cell.dataset, cell.budget)) for cell in own]
    rows = [_row(cell, library, cells) for cell, library in pairs]
    return markdown_table(_HEAD, [*rows, *_means(pairs, cells)])


def time_used(cell: Cell) -> float | None:
    """The median share of the budget that it took: of a job as it tells, of the library as the caller sees it."""
    used = cell.values("used_s") or cell.values("fit_s")
    return statistics.median(used) / cell.budget if used else None


def _row(cell: Cell, library: Cell | None, cells: Cells) -> list[str]:
    metric = next((run["metric"] for run in cell.runs if "metric" in run), "?")
    return [
        f"{cell.dataset} ({metric})",
        f"{cell.budget:g}",
        *(_score(one) for one in (cell, library)),
        *(_normalised(one, cells) for one in (cell, library)),
        *(_used(one) for one in (cell, library)),
        *(_median(one, "n_candidates", 0) for one in (cell, library)),
        _median(cell, "peak_pss_mb", 0),
        _median(cell, "row_ms", 1),
        number(max(cell.values("others_cpu_frac"), default=None), 2),
        ", ".join(sorted({run["commit"] for run in cell.runs})),
    ]


def _means(pairs: Sequence[tuple[Cell, Cell | None]], cells: Cells) -> list[list[str]]:
    """Of each budget, over the tables that both have."""
    rows = []
    for budget in sorted({cell.budget for cell, _ in pairs}):
        both = [(one, lib) for one, lib in pairs if lib is not None and one.budget == budget]
        if both:
            scores = [
                _mean([normalised(cells, c) for c in side]) for side in zip(*both, strict=True)
            ]
            used = [_mean([time_used(c) for c in side]) for side in zip(*both, strict=True)]
            blank = [NOTHING] * 2
            rows.append(
                ["mean", f"{budget:g}", *blank, *scores, *used, *[NOTHING] * (len(_HEAD) - 8)]
            )
    return rows


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return number(statistics.fmean(known) if known else None, 2)


def _score(cell: Cell | None) -> str:
    if cell is None:
        return NOTHING
    middle = cell.median("score")
    return "FAILED" if cell.n_failed or middle is None else score_text(middle)


def _normalised(cell: Cell | None, cells: Cells) -> str:
    return NOTHING if cell is None else number(normalised(cells, cell, Way.CUT), 2)


def _used(cell: Cell | None) -> str:
    return NOTHING if cell is None else number(time_used(cell), 2)


def _median(cell: Cell | None, field: str, decimals: int) -> str:
    return NOTHING if cell is None else number(cell.median(field), decimals)
