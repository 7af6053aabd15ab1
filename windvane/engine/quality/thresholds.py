"""What other thresholds would do, for choosing one by what mistakes cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.engine.quality.curves import Ranking

_EVEN = np.arange(1, 10) / 10
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Of rows predicted positive: where a class is rare, thresholds that matter lie far below a half."""


@dataclass(frozen=True)
class Costs:
    """The costs of mistakes, in units of the cheaper kind.

    alarm    a negative row predicted positive
    miss     a positive row predicted negative
    """

    alarm: float
    miss: float

    @property
    def text(self) -> str:
        return f"{self.alarm:g} : {self.miss:g}"

    @property
    def threshold(self) -> float:
        """The one of least cost if probabilities are right."""
        return self.alarm / (self.alarm + self.miss)


RATIOS = (Costs(10, 1), Costs(3, 1), Costs(1, 1), Costs(1, 3), Costs(1, 10))


@dataclass(frozen=True)
class ThresholdResult:
    """The decisions on the judged rows at one threshold.

    hits, alarms          positive and negative rows predicted positive
    n_positive, n_negative   all there are
    """

    threshold: float
    hits: int
    alarms: int
    n_positive: int
    n_negative: int

    @property
    def n_rows(self) -> int:
        return self.n_positive + self.n_negative

    @property
    def recall(self) -> float:
        return self.hits / self.n_positive

    @property
    def precision(self) -> float | None:
        """None if nothing is predicted positive."""
        n_predicted = self.hits + self.alarms
        return self.hits / n_predicted if n_predicted else None

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.hits + self.alarms + self.n_positive)

    @property
    def share_positive(self) -> float:
        """The share of rows predicted positive."""
        return (self.hits + self.alarms) / self.n_rows

    def cost(self, costs: Costs) -> float:
        """Return the cost of the mistakes in 100 rows."""
        misses = self.n_positive - self.hits
        return 100 * (costs.alarm * self.alarms + costs.miss * misses) / self.n_rows


def choice(ranked: Ranking, threshold: float) -> ThresholdResult:
    """Return what a threshold does; rows of exactly its probability are predicted positive.

    ranked    with rows of both classes
    """
    place = int(np.searchsorted(-ranked.thresholds, -threshold, side="right"))
    hits, alarms = (ranked.hits[place - 1], ranked.alarms[place - 1]) if place else (0, 0)
    return ThresholdResult(threshold, int(hits), int(alarms), ranked.n_positive, ranked.n_negative)


def choices(ranked: Ranking, own: float) -> tuple[ThresholdResult, ...]:
    """About twenty thresholds that differ in what they do, rising: the model's own, even ones, and those that predict a
    given share of rows to be positive.

    ranked    with rows of both classes
    own       the model's threshold
    """
    taken = ranked.hits + ranked.alarms
    places = np.searchsorted(taken, np.array(_SHARES) * taken[-1])
    others = np.concatenate((_EVEN, ranked.thresholds[np.minimum(places, taken.size - 1)]))
    found = [choice(ranked, threshold) for threshold in (*others.tolist(), own)]
    by_effect = {(one.hits, one.alarms): one for one in found}
    return tuple(sorted(by_effect.values(), key=lambda one: one.threshold))


def cheapest(ranked: Ranking, costs: Costs) -> ThresholdResult:
    """Return the threshold of least cost on these rows, of equal ones the highest; infinite where never to predict the
    positive class is cheapest.

    ranked    with rows of both classes
    """
    misses = ranked.n_positive - np.append(0, ranked.hits)
    place = int(np.argmin(costs.alarm * np.append(0, ranked.alarms) + costs.miss * misses))
    return choice(ranked, float(np.append(np.inf, ranked.thresholds)[place]))
