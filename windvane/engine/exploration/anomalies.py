"""Rows that are unlike the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.exploration.stored import MEASURED, StoredTable, drawn_rows, text_lengths

MOST_REASONS = 3

_MOST_CELLS = 4_000_000
_N_TREES, _TREE_ROWS = 100, 256


@dataclass(frozen=True)
class Anomaly:
    """A row that differs from the others.

    row       position in the table
    score     below 0, the lower the stranger
    reasons   columns, each with what the score would gain if its cell were ordinary, most first
    """

    row: int
    score: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Anomalies:
    """Anomaly scores of the rows of a table.

    columns   looked at
    scores    (n_sampled,) of rows at random
    worst     those with the lowest scores, lowest first
    """

    columns: tuple[ColumnSpec, ...]
    scores: NDArray[np.float64]
    worst: tuple[Anomaly, ...]

    @property
    def n_anomalous(self) -> int:
        return int((self.scores < 0).sum())


def find_anomalies(table: StoredTable, most_columns: int, most_rows: int, most: int) -> Anomalies:
    """Find unusual rows by an isolation forest: rows that few random cuts tell from all others. Numbers stand for
    themselves, dates for their time, categories for how rare they are, texts for their length; missing cells are taken
    as ordinary numbers and as a category of their own.

    most      rows told
    source    Liu, Ting and Zhou 2008, "Isolation forest"
    """
    from sklearn.ensemble import IsolationForest  # for this alone

    columns = table.by_power[:most_columns]
    n_rows = min(most_rows, max(_TREE_ROWS, _MOST_CELLS // max(len(columns), 1)))
    rows = drawn_rows(table.n_rows, n_rows, table.analysis.seed)
    X = np.empty((len(rows), len(columns)), np.float32)
    ordinary = np.empty(len(columns), np.float32)
    for j, column in enumerate(columns):
        X[:, j], ordinary[j] = _measure(table, column, rows)
    forest = IsolationForest(
        n_estimators=_N_TREES,
        max_samples=min(_TREE_ROWS, len(rows)),
        random_state=table.analysis.seed,
    ).fit(X)
    scores: NDArray[np.float64] = forest.decision_function(X)
    worst = [i for i in np.argsort(scores, kind="stable")[:most] if scores[i] < 0]
    gains = _gains(forest.decision_function, X[worst], ordinary) - scores[worst, None]
    return Anomalies(
        columns,
        scores,
        tuple(
            Anomaly(int(rows[i]), float(scores[i]), _reasons(columns, gain))
            for i, gain in zip(worst, gains, strict=True)
        ),
    )


def _measure(
    table: StoredTable, column: ColumnSpec, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], float]:
    """Return a number for each row's cell, and that of an ordinary cell."""
    if column.type in MEASURED:
        return _filled(table.numbers(column.name)[rows])
    words = table.words(column.name)
    if column.type is ColumnType.TEXT:
        return _filled(np.log1p(text_lengths(words)[words.codes[rows]]))
    counts = np.append(words.counts(), (words.codes < 0).sum())
    rarity = -np.log(np.maximum(counts, 1) / table.n_rows)
    return rarity[words.codes[rows]].astype(np.float32), float(rarity[np.argmax(counts)])


def _filled(values: NDArray[np.float64]) -> tuple[NDArray[np.float32], float]:
    """Return values in standard deviations from the median, so that numbers of any size fit; missing as the median."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.zeros(len(values), np.float32), 0.0
    largest = max(float(np.abs(present).max()), 1e-300)
    middle, spread = float(np.median(present / largest)), float((present / largest).std())
    filled = np.where(np.isnan(values), 0.0, values / largest - middle) / (spread or 1.0)
    return np.clip(filled, -1e30, 1e30).astype(np.float32), 0.0


def _gains(
    score: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    rows: NDArray[np.float32],
    ordinary: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return (n_rows, n_columns) scores of the rows with one cell after another made ordinary."""
    n_rows, n_columns = rows.shape
    if not n_rows:
        return np.empty((0, n_columns))
    variants = np.repeat(rows[:, None, :], n_columns, axis=1)
    variants[:, np.arange(n_columns), np.arange(n_columns)] = ordinary
    return score(variants.reshape(-1, n_columns)).reshape(n_rows, n_columns)


def _reasons(
    columns: tuple[ColumnSpec, ...], gains: NDArray[np.float64]
) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-gains, kind="stable")[:MOST_REASONS]
    return tuple((columns[j].name, float(gains[j])) for j in order if gains[j] > 0)
