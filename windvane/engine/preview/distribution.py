"""How the values of a target spread, in a few bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windvane.engine.data.encoded import EncodedColumn
from windvane.engine.preview.records import Bar

MOST_BARS = 24
LONGEST_LABEL = 100


def histogram(y: NDArray[np.float64]) -> tuple[Bar, ...]:
    """Equally wide bars over the whole range of at least one finite number."""
    scale = float(np.abs(y).max()) or 1.0
    n_bars = int(np.clip(len(np.unique(y[:10_000])), 1, MOST_BARS))
    counts, edges = np.histogram(y / scale, bins=n_bars)
    return tuple(
        Bar(int(count), low=float(low) * scale, high=float(high) * scale)
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    )


def classes(labels: tuple[str, ...], counts: tuple[int, ...]) -> tuple[Bar, ...]:
    """Return the most frequent ones first; those that are alike in the order of their labels."""
    ordered = sorted(zip(labels, counts, strict=True), key=lambda pair: -pair[1])
    return tuple(Bar(count, label=label[:LONGEST_LABEL]) for label, count in ordered[:MOST_BARS])


def texts(column: EncodedColumn) -> tuple[Bar, ...]:
    """Return the same of a column's cells as they are."""
    counts = column.counts()
    most = np.argsort(-counts, kind="stable")[:MOST_BARS]
    labels = tuple(column.texts[int(i)].as_py() for i in most)
    return classes(labels, tuple(int(counts[i]) for i in most))
