"""The confusion matrix, and what can be read from it.

A share of nothing is NaN. One exception, as in the engine's metrics: of a class that occurs but is never predicted,
precision is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.metrics import Floats, Indices

_MOST_FULL = 100
"""Labels up to which pairs that never occur are written too; their number grows with the square."""


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    counts    (n_classes, n_classes) rows by actual and by predicted class
    """

    counts: Indices

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    @property
    def hits(self) -> Indices:
        return np.diagonal(self.counts)

    @property
    def actual(self) -> Indices:
        """(n_classes,) rows of each class, its support."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def predicted(self) -> Indices:
        """(n_classes,) rows predicted to be of each class."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def accuracy(self) -> float:
        return float(self.hits.sum() / self.n_rows)

    def recall(self) -> Floats:
        """Return (n_classes,); NaN for a class without rows."""
        return share(self.hits, self.actual)

    def precision(self) -> Floats:
        """Return (n_classes,); NaN for a class that neither occurs nor is predicted."""
        never = (self.predicted == 0) & (self.actual > 0)
        return np.where(never, 0.0, share(self.hits, self.predicted))

    def f(self, beta: float) -> Floats:
        """Return (n_classes,) F score that counts recall `beta` times as much as precision; NaN for a class that
        neither occurs nor is predicted."""
        return share(
            np.asarray((1 + beta**2) * self.hits, np.float64),
            np.asarray(beta**2 * self.actual + self.predicted, np.float64),
        )

    def weighted(self, by_class: Floats) -> float:
        """Return the mean over classes, each as often as it occurs."""
        occurs = self.actual > 0
        return float(self.actual[occurs] @ by_class[occurs] / self.n_rows)


def confusion(judged: Judged) -> Confusion:
    n_classes = len(judged.labels)
    pairs = judged.truth * n_classes + judged.classes
    counts = np.bincount(pairs, minlength=n_classes**2)
    return Confusion(counts.reshape(n_classes, n_classes).astype(np.int64))


def share(part: Floats | Indices, whole: Floats | Indices) -> Floats:
    """part / whole, each of the other's shape or stretched to it; NaN where whole is 0."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    shares: Floats = np.divide(part, whole, out=np.full(shape, np.nan), where=whole != 0)
    return shares


def confusion_json(found: Confusion, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """actual label -> predicted label -> rows. Beyond 100 labels pairs without rows are left out."""
    fully = len(labels) <= _MOST_FULL
    return {
        actual: {
            labels[place]: int(row[place])
            for place in (range(len(labels)) if fully else np.flatnonzero(row).tolist())
        }
        for actual, row in zip(labels, found.counts, strict=True)
    }


def pooled(found: Confusion, kept: Indices) -> Confusion:
    """Return the classes `kept`, in that order, and all others as one more at the end; as it is, but in that order, if none
    is left over."""
    n_classes = len(found.counts)
    group = np.full(n_classes, len(kept))
    group[kept] = np.arange(len(kept))
    n_groups = len(kept) + (len(kept) < n_classes)
    counts = np.zeros((n_groups, n_groups), np.int64)
    np.add.at(counts, (group[:, None], group[None, :]), found.counts)
    return Confusion(counts)
