"""A candidate that learns from a sample, trained on ever more rows until more of them do not help.

The same pipeline learns from a sixteenth of its sample, from a fourth, and from all of it; each predicts the same held-out
rows. Where a model of four times as many rows is not shown to be better, it has enough of them.

source    Provost, Jensen, Oates 1999, "Efficient progressive sampling"
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from windvane.engine.candidates import SAMPLE_ROWS
from windvane.engine.data.dataset import Dataset
from windvane.engine.evaluation import judge
from windvane.engine.evaluation.trained import Trained
from windvane.errors import OutOfTime
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_FACTOR = 4
"""From a point to the next: what this many times as many rows bring is told from luck more easily than what twice as many
do."""

_POINTS = 3
_LEAST_ROWS = 5_000
"""At a point of fewer, what a model has learnt says little of what it will."""


def sample_sizes(n_rows: int) -> tuple[int, ...]:
    """Return how many rows are learnt from, one after the other, up to `n_rows`.

    >>> sample_sizes(200_000), sample_sizes(30_000), sample_sizes(6_000)
    ((12500, 50000, 200000), (7500, 30000), (6000,))
    """
    sizes = [n_rows // _FACTOR**step for step in range(_POINTS)]
    return tuple(size for size in reversed(sizes) if size >= _LEAST_ROWS or size == n_rows)


def train_on_enough_rows(table: Dataset, n_rows: int, train: Callable[[int], Trained]) -> Trained:
    """Return what was trained on as many rows as help, `n_rows` at most, with the curve in its notes. What time has ended
    is compared with nothing, and what is left is for all rows.

    train    trains on so many rows; unless they are `n_rows`, in a part of the time
    raises   what `train` raises for `n_rows`
    """
    *smaller, _ = sample_sizes(n_rows)
    curve: dict[int, float] = {}
    before: Trained | None = None
    for size in smaller:
        found = _in_time(train, size)
        if found is None:
            before = None
            break
        if not _is_better(table, before, found, curve, size):
            return _told(table, found, curve, is_rising=False)
        before = found
    found = train(n_rows)
    is_rising = _is_better(table, before, found, curve, n_rows)
    return _told(table, found, curve, is_rising=is_rising) if curve else found


def _in_time(train: Callable[[int], Trained], n_rows: int) -> Trained | None:
    """Return what was trained to its end; None if time was too short for it."""
    try:
        found = train(n_rows)
    except OutOfTime:
        return None
    return None if found.stops else found


def _is_better(
    table: Dataset, before: Trained | None, found: Trained, curve: dict[int, float], n_rows: int
) -> bool:
    """Return whether a model of `n_rows` rows is shown to be better than the one before it, and add both to the curve. True
    where they cannot be compared."""
    if before is None or found.stops:
        return True
    rows = np.flatnonzero(table.folds == 0)
    told, told_too = (one.out_of_fold[rows].astype(np.float64) for one in (before, found))
    compared = judge.compared(table, rows, told, told_too)
    if not curve:
        curve[n_rows // _FACTOR] = compared.first
    curve[n_rows] = compared.second
    return compared.is_better


def _told(table: Dataset, found: Trained, curve: dict[int, float], *, is_rising: bool) -> Trained:
    """Return what was trained with its curve; if more rows do not help, its stops say how many it has."""
    facts = {
        "metric": str(table.analysis.objective),
        "rows": tuple(map(str, curve)),
        "scores": tuple(repr(score).replace("+", "") for score in curve.values()),
        "is_rising": int(is_rising),
    }
    stops = found.stops if is_rising else {**found.stops, SAMPLE_ROWS: max(curve)}
    notes = (*found.notes, Note(NoteCode.LEARNING_CURVE, facts))
    return replace(found, notes=notes, stops=stops)
