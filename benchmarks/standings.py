"""Two views of the same cells: one row a system over all tables, one row a run of ours."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.markdown import (
    NOTHING,
    markdown_table,
    median_and_highest,
    number,
    score_with_spread,
)
from benchmarks.records import Cell, Cells, is_default_model, is_ours
from benchmarks.scale import PEER_BUDGET_S, Rank, Way, normalised, rank_of

_STANDING = (
    "system@budget",
    "tables",
    "score 0..1",
    "no limits",
    "1 = best of all",
    "Windvane there",
    "rank",
    "failed",
    "fit - budget s",
    "peak RSS MB",
    "peak PSS MB",
    "1 row ms",
    "rows/s",
    "size MB",
    "CPU of others",
)
_RUNS = (
    "table",
    "budget s",
    "test score",
    "score 0..1",
    "rank",
    "fit - budget s",
    "peak RSS MB",
    "peak PSS MB",
    "1 row ms",
    "rows/s",
    "size MB",
    "candidates",
    "CPU of others",
    "commit",
)


def standing_table(cells: Cells, tables: Sequence[str], ours: str) -> str:
    """Every system's means and medians over those of `tables` that it has a run of.

    ours   the system whose mean on the same tables stands beside each peer's
    """
    entrants: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.dataset in tables:
            entrants.setdefault(cell.entrant, []).append(cell)
    order = sorted(entrants.values(), key=lambda own: _place(own[0], ours))
    return markdown_table(_STANDING, [_standing(own, cells, ours) for own in order])


def _place(cell: Cell, ours: str) -> tuple[int, float, str]:
    kind = 0 if cell.system == ours else 1 if is_ours(cell.system) else 2
    return kind + is_default_model(cell.system), cell.budget, cell.system


def _standing(own: Sequence[Cell], cells: Cells, ours: str) -> list[str]:
    scores = _scores(own, cells)
    ranks = [rank_of(cell, cells, ours) for cell in own]
    return [
        own[0].entrant,
        str(len(scores)),
        *(_mean(_scores(own, cells, way)) for way in Way),
        NOTHING if own[0].system == ours else _beside(scores, own[0], cells, ours),
        _mean_rank(ranks),
        str(sum(cell.n_failed for cell in own)),
        median_and_highest(_all(cell.overshoots_s for cell in own), 1, "+"),
        median_and_highest(_all(cell.values("peak_rss_mb") for cell in own), 0),
        median_and_highest(_all(cell.values("peak_pss_mb") for cell in own), 0),
        _median(_all(cell.values("row_ms") for cell in own), 1),
        _median([cell.rows_per_s for cell in own if cell.rows_per_s is not None], 0),
        _median(_all(cell.values("model_mb") for cell in own), 1),
        median_and_highest(_all(cell.values("others_cpu_frac") for cell in own), 2),
    ]


def _mean(scores: dict[str, float]) -> str:
    return number(statistics.fmean(scores.values()) if scores else None, 2)


def _scores(own: Iterable[Cell], cells: Cells, way: Way = Way.CUT) -> dict[str, float]:
    scores = {cell.dataset: normalised(cells, cell, way) for cell in own}
    return {table: score for table, score in scores.items() if score is not None}


def _beside(scores: dict[str, float], peer: Cell, cells: Cells, ours: str) -> str:
    """Our mean on exactly the tables of the peer, at its budget; a dash if we lack one of them."""
    budget = PEER_BUDGET_S if is_default_model(peer.system) else peer.budget
    found = [cells.get(ours, table, budget) for table in scores]
    there = _scores([cell for cell in found if cell is not None], cells)
    if not scores or there.keys() != scores.keys():
        return NOTHING
    return _mean(there)


def _mean_rank(ranks: Sequence[Rank]) -> str:
    place = statistics.fmean(rank.place for rank in ranks)
    return f"{place:.1f} of {statistics.fmean(rank.entrants for rank in ranks):.1f}"


def _all(values: Iterable[Iterable[float]]) -> list[float]:
    return [value for one in values for value in one]


def _median(values: Sequence[float], decimals: int) -> str:
    return number(statistics.median(values) if values else None, decimals)


def runs_table(cells: Cells, tables: Sequence[str], ours: str) -> str:
    """Every cell of `ours`; with several seeds the median, and of the score lowest and highest too."""
    own = sorted(
        (cell for cell in cells if cell.system == ours and cell.dataset in tables),
        key=lambda cell: (tables.index(cell.dataset), cell.budget),
    )
    return markdown_table(_RUNS, [_run(cell, cells) for cell in own])


def _run(cell: Cell, cells: Cells) -> list[str]:
    rank = rank_of(cell, cells, cell.system)
    metric = next((run["metric"] for run in cell.runs if "metric" in run), "?")
    return [
        f"{cell.dataset} ({metric})",
        f"{cell.budget:g}",
        score_with_spread(cell),
        number(normalised(cells, cell), 2),
        NOTHING if rank.entrants == 1 else f"{rank.place} of {rank.entrants}",
        f"{max(cell.overshoots_s):+.1f}" if cell.overshoots_s else NOTHING,
        number(max(cell.values("peak_rss_mb"), default=None), 0),
        number(max(cell.values("peak_pss_mb"), default=None), 0),
        number(cell.median("row_ms"), 1),
        number(cell.rows_per_s, 0),
        number(cell.median("model_mb"), 1),
        number(cell.median("n_candidates"), 0),
        number(max(cell.values("others_cpu_frac"), default=None), 2),
        ", ".join(sorted({run["commit"] for run in cell.runs})),
    ]


def scores_table(cells: Cells, tables: Sequence[str], way: Way = Way.CUT) -> str:
    """Normalised score of every system on every table that has a scale."""
    scaled = [
        table
        for table in tables
        if any(normalised(cells, c) is not None for c in cells.of_table(table))
    ]
    rows: dict[str, dict[str, str]] = {}
    for cell in sorted(
        cells, key=lambda one: (is_default_model(one.system), one.budget, one.system)
    ):
        rows.setdefault(cell.entrant, {})[cell.dataset] = number(normalised(cells, cell, way), 2)
    body = [
        [name, *(of.get(table, "") for table in scaled)]
        for name, of in rows.items()
        if of.keys() & set(scaled)
    ]
    return markdown_table(["system@budget", *scaled], body)


def failures_table(cells: Cells, tables: Sequence[str], ours: str) -> str:
    """ "" if every run of ours ended well."""
    rows = [
        [
            cell.dataset,
            f"{cell.budget:g}",
            str(run.get("seed", 0)),
            run["status"],
            run.get("error", "")[:200].replace("|", "/"),
        ]
        for cell in cells
        if cell.system == ours and cell.dataset in tables
        for run in cell.runs
        if run["status"] != "ok"
    ]
    return markdown_table(["table", "budget s", "seed", "status", "error"], rows) if rows else ""
