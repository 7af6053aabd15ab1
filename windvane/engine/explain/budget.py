"""How long explaining may take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """Wall-clock time that runs from the moment this is made.

    seconds   there are in all
    now       seconds, from any origin; the clock of tests is one of theirs
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._started = now()
        self.seconds = seconds

    @property
    def used_s(self) -> float:
        return self._now() - self._started

    @property
    def left_s(self) -> float:
        return self.seconds - self.used_s

    def is_over(self) -> bool:
        return self.left_s <= 0

    def share(self, of_left: float) -> Budget:
        """Return a budget of its own, from now on, of a part of what is left."""
        return Budget(max(0.0, self.left_s) * of_left, self._now)
