"""Scores of different metrics on one scale, and ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.records import Cell, Cells, is_default_model, is_ours

ZERO = "base_lgbm"
"""The default LightGBM: 0 on the scale."""

PEER_BUDGET_S = 60.0
"""What nearly all stored figures of peers were made with."""

_AUC_NOISE = 0.002
_RELATIVE_NOISE = 0.01
_LOWEST, _HIGHEST = -1.0, 2.0


class Way(StrEnum):
    """What 1 is, and whether scores are cut off."""

    CUT = "1 is the best other system; limited to -1 to 2"
    WHOLE = "1 is the best other system"
    AMONG_ALL = "1 is the best of all systems, including Windvane with every time limit"


@dataclass(frozen=True)
class Scale:
    """0 is the default LightGBM and 1 the best system at any budget. Where they lie closer together than the
    noise, the noise is the unit below and above the best system's 1.

    best             the best system's score, turned so that more is better
    unit             what one point is worth
    lowest, highest  where it is cut off
    """

    best: float
    unit: float
    lowest: float = _LOWEST
    highest: float = _HIGHEST

    def place(self, score_up: float) -> float:
        return min(self.highest, max(self.lowest, 1 + (score_up - self.best) / self.unit))


def scale_of(cells: Cells, dataset: str, way: Way = Way.CUT) -> Scale | None:
    """None if the table lacks the default LightGBM or any other peer."""
    scores = {
        (cell.system, cell.budget): score
        for cell in cells.of_table(dataset)
        if (score := cell.median("score_up")) is not None
    }
    of_others = {key: score for key, score in scores.items() if not is_ours(key[0])}
    zero = next((score for (system, _), score in of_others.items() if system == ZERO), None)
    if zero is None or len(of_others) == 1:
        return None
    best = max((scores if way is Way.AMONG_ALL else of_others).values())
    metrics = {run.get("metric") for cell in cells.of_table(dataset) for run in cell.runs}
    noise = _AUC_NOISE if "auc" in metrics else _RELATIVE_NOISE * abs(zero)
    bounds = (_LOWEST, _HIGHEST) if way is Way.CUT else (-math.inf, math.inf)
    return Scale(best, max(best - zero, noise), *bounds)


def normalised(cells: Cells, cell: Cell, way: Way = Way.CUT) -> float | None:
    """None if the cell has no score or its table no scale."""
    scale, score = scale_of(cells, cell.dataset, way), cell.median("score_up")
    return None if scale is None or score is None else scale.place(score)


@dataclass(frozen=True)
class Rank:
    """place   1 is the best; equals share one
    entrants   how many were compared, with the one in question
    """

    place: int
    entrants: int


def rank_of(cell: Cell, cells: Cells, ours: str) -> Rank:
    """Among the default models, every peer at its longest budget up to the larger of 60 s and the cell's own,
    and one of ours: the cell itself, or, for a peer's cell, the system `ours` at the cell's budget.

    A system that failed on the table comes last.
    """
    limit = max(PEER_BUDGET_S, cell.budget)
    field = list(_peers(cells.of_table(cell.dataset), limit, cell))
    own = None if is_ours(cell.system) else cells.get(ours, cell.dataset, limit)
    others = [*field, *([own] if own else [])]
    better = sum(_worth(other) > _worth(cell) for other in others)
    entrants = len(others) + 1
    return Rank(entrants if cell.n_failed else better + 1, entrants)


def _peers(cells: Iterable[Cell], limit: float, but: Cell) -> Iterable[Cell]:
    longest: dict[str, Cell] = {}
    for cell in cells:
        if is_ours(cell.system) or cell.system == but.system or cell.budget > limit:
            continue
        known = longest.get(cell.system)
        if is_default_model(cell.system) or known is None or cell.budget > known.budget:
            longest[cell.system] = cell
    return longest.values()


def _worth(cell: Cell) -> float:
    score = cell.median("score_up")
    return -math.inf if cell.n_failed or score is None else score
