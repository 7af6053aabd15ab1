"""What another threshold would do, from the counts that a model insights report keeps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windvane.console.charts.base import Chart
from windvane.console.charts.lines import Line, line_chart
from windvane.console.wording import percent

_STEPS = 100


@dataclass(frozen=True)
class Thresholds:
    """Counts above falling thresholds, as in `thresholds` of figures.json."""

    own: float
    n_positive: int
    n_negative: int
    threshold: Sequence[float]
    hits: Sequence[int]
    alarms: Sequence[int]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Thresholds:
        names = ("own", "n_positive", "n_negative", "threshold", "hits", "alarms")
        return cls(**{name: document[name] for name in names})

    @property
    def data(self) -> dict[str, Any]:
        """The data for the script of the page: numbers alone."""
        return {
            "n_positive": self.n_positive,
            "n_negative": self.n_negative,
            "threshold": list(self.threshold),
            "hits": list(self.hits),
            "alarms": list(self.alarms),
        }

    def at(self, threshold: float) -> Choice:
        """Return rows of exactly this probability are predicted positive."""
        place = bisect_right(self.threshold, -threshold, key=lambda one: -one)
        hits, alarms = (self.hits[place - 1], self.alarms[place - 1]) if place else (0, 0)
        return Choice(threshold, hits, alarms, self.n_positive, self.n_negative)


@dataclass(frozen=True)
class Choice:
    """The decisions of the model at one threshold.

    hits, alarms    positive and negative rows predicted positive
    """

    threshold: float
    hits: int
    alarms: int
    n_positive: int
    n_negative: int

    @property
    def misses(self) -> int:
        return self.n_positive - self.hits

    @property
    def passed(self) -> int:
        """Negative rows predicted negative."""
        return self.n_negative - self.alarms

    @property
    def recall(self) -> float:
        return self.hits / self.n_positive

    @property
    def precision(self) -> float | None:
        """None if nothing is predicted positive."""
        n_predicted = self.hits + self.alarms
        return self.hits / n_predicted if n_predicted else None

    @property
    def false_positive_rate(self) -> float:
        return self.alarms / self.n_negative

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.hits + self.alarms + self.n_positive)

    @property
    def accuracy(self) -> float:
        return (self.hits + self.passed) / (self.n_positive + self.n_negative)


def threshold_chart(found: Thresholds, chosen: float) -> Chart:
    """Precision, recall and F1 over the threshold, with a mark at the chosen one."""
    choices = [found.at(step / _STEPS) for step in range(_STEPS + 1)]
    lines = [
        Line("precision", [(c.threshold, c.precision) for c in choices if c.precision is not None]),
        Line("recall", [(c.threshold, c.recall) for c in choices]),
        Line("F1", [(c.threshold, c.f1) for c in choices]),
    ]
    return line_chart(
        "Metrics by threshold",
        lines,
        "threshold",
        "share",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        say=percent,
        here=chosen,
    )
