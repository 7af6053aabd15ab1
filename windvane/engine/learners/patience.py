"""When a learner that goes round by round stops, and which round was its best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.engine.learners.base import Clock

MANY_CLASSES = 5
"""From here on a round, which grows a tree for each class, is to count for more."""

_MOST_ROUNDS, _LEAST_ROUNDS, _MOST_TREES = 3_000, 150, 6_000


def most_rounds(n_classes: int) -> int:
    """Return the most rounds of a booster that grows a tree for each of more than two classes in a round: every tree is
    walked for every row that is answered.

    >>> most_rounds(0), most_rounds(2), most_rounds(10), most_rounds(100)
    (3000, 3000, 600, 150)
    """
    if n_classes <= 2:
        return _MOST_ROUNDS
    return max(_LEAST_ROUNDS, min(_MOST_ROUNDS, _MOST_TREES // n_classes))


class Patience:
    """Watches one validation score per round.

    n_rounds     rounds without improvement after which to stop; None never stops for that
    best_round   number of rounds up to and with the best score; of all rounds while there is no score
    """

    def __init__(self, clock: Clock, *, higher_is_better: bool, n_rounds: int | None) -> None:
        self._clock = clock
        self._sign = 1.0 if higher_is_better else -1.0
        self._n_rounds = n_rounds
        self._best = float("-inf")
        self.n_seen = 0
        self.best_round = 0

    def is_over(self, score: float | None) -> bool:
        """Return whether to stop after a round; `score` is None if there are no validation rows."""
        self.n_seen += 1
        if score is None or self._n_rounds is None:
            self.best_round = self.n_seen
        elif self._sign * score > self._best:
            self._best = self._sign * score
            self.best_round = self.n_seen
        self.best_round = max(1, self.best_round)
        if self._n_rounds is not None and self.n_seen - self.best_round >= self._n_rounds:
            return True
        return self._clock.is_over()


EARLY_STOPPING = "early_stopping_rounds"
"""A hyperparameter of every booster that says so: rounds to wait for an improvement."""


def rounds_to_wait(hyperparameters: Mapping[str, Any], learning_rate: float) -> int:
    """Return the rounds to wait as asked for, else `patience_for` the step."""
    return int(hyperparameters.get(EARLY_STOPPING) or patience_for(learning_rate))


def patience_for(learning_rate: float) -> int:
    """Rounds to wait for an improvement: more if steps are small; 20 to 200."""
    return round(min(200.0, max(20.0, 4.0 / learning_rate)))
