"""Many rows answered by several threads: models answer outside the interpreter's lock."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from windvane.engine.columns import Columns
from windvane.engine.packages.predictor import Predictions, Predictor

_LEAST_ROWS = 1_000
"""Of a block: fewer are answered sooner than threads are started."""

_BLOCKS_A_THREAD = 4
"""Threads that are held up leave blocks to the others."""

_ENOUGH_ROWS = 2_500
"""Of a block, where a thread gets more than one: the shorter the calls, the longer threads wait for one another between
them."""


def predict_in_blocks(
    predictor: Predictor, columns: Columns, n_rows: int, threads: int
) -> Predictions:
    """Predict as `Predictor.predict_columns` does, by so many threads where the rows are worth it."""
    n_blocks = max(
        min(threads, n_rows // _LEAST_ROWS),
        min(threads * _BLOCKS_A_THREAD, n_rows // _ENOUGH_ROWS),
    )
    if threads < 2 or n_blocks < 2:
        return predictor.predict_columns(columns, n_rows)
    edges = np.linspace(0, n_rows, n_blocks + 1).astype(np.int64).tolist()

    def answer(block: int) -> Predictions:
        first, last = edges[block], edges[block + 1]
        part = {name: values[first:last] for name, values in columns.items()}
        return predictor.predict_columns(part, last - first)

    with ThreadPoolExecutor(threads, "predict") as pool:
        return _joined(list(pool.map(answer, range(n_blocks))))


def _joined(parts: Sequence[Predictions]) -> Predictions:
    return Predictions(
        np.concatenate([one.values for one in parts]),
        np.concatenate([one.probabilities for one in parts]),
        np.concatenate([one.classes for one in parts]),
    )
