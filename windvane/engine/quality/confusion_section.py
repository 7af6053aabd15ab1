"""Which classes are taken for which."""

from __future__ import annotations

import numpy as np

from windvane.engine.quality.confusion import Confusion, confusion, pooled
from windvane.engine.quality.judged import Judged
from windvane.engine.quality.pictures import draw_confusion
from windvane.engine.reports.document import Block, Figure, Section, Table, Text
from windvane.engine.scoring.metrics import Indices
from windvane.wording import count, share

MOST_SHOWN = 15
"""Labels in a picture or a table, the most frequent ones; statistics.json has all."""

_MOST_PAIRS = 10


def shown_classes(found: Confusion) -> Indices:
    """Return (n_shown,) class indices: in their own order if all are shown, else the most frequent first."""
    n_classes = len(found.counts)
    if n_classes <= MOST_SHOWN:
        return np.arange(n_classes)
    return np.argsort(-found.actual, kind="stable")[:MOST_SHOWN]


def confusion_section(judged: Judged) -> Section:
    whole = confusion(judged)
    kept = shown_classes(whole)
    shown = pooled(whole, kept)
    labels = [judged.labels[place] for place in kept]
    blocks: list[Block] = []
    if len(shown.counts) > len(kept):
        n_pooled = len(judged.labels) - len(kept)
        labels.append("1 other label" if n_pooled == 1 else f"{n_pooled} other labels")
        blocks.append(
            Text(
                f"The {len(kept)} most frequent labels are shown, the others combined into one. "
                "statistics.json lists all of them."
            )
        )
    blocks.append(_figure(shown, labels, whole.accuracy))
    if len(judged.labels) > 2:
        blocks.append(_mistakes(whole, judged.labels))
    return Section("Confusion matrix", blocks)


def _figure(shown: Confusion, labels: list[str], accuracy: float) -> Figure:
    numbers = Table(
        ("Actual \\ predicted", *labels, "Rows"),
        [
            (label, *(count(int(n)) for n in row), count(int(row.sum())))
            for label, row in zip(labels, shown.counts, strict=True)
        ],
        frozenset(range(1, len(labels) + 2)),
        "Number of rows by actual class (rows) and predicted class (columns).",
    )
    side = 2.4 + 0.45 * len(labels)
    return Figure(
        "Confusion matrix",
        draw_confusion(shown, labels),
        f"Confusion matrix; {share(accuracy)} of the rows are predicted correctly.",
        numbers,
        width=max(4.8, side + 0.8),
        height=max(3.2, side),
    )


def _mistakes(found: Confusion, labels: tuple[str, ...]) -> Table:
    """Return the pairs of classes that are mixed up most often."""
    wrong = found.counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = [divmod(int(place), len(labels)) for place in order]
    return Table(
        ("Actual", "Predicted", "Rows", "Share of actual class"),
        [
            (
                labels[actual],
                labels[predicted],
                count(int(wrong[actual, predicted])),
                share(wrong[actual, predicted] / found.actual[actual]),
            )
            for actual, predicted in pairs
            if wrong[actual, predicted] > 0
        ],
        frozenset({2, 3}),
        "The most frequent misclassifications.",
    )
