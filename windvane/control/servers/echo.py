"""Whether something that has to go on in its own thread goes on: it is asked to answer, and its silence is timed."""

from __future__ import annotations

import time
from collections.abc import Callable

Ask = Callable[[Callable[[], None]], object]
"""Has a function called by what is asked, soon and without waiting for it: `call_soon_threadsafe` of an event loop."""


class Echo:
    """Asked by one thread.

    clock    seconds, monotonic
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._asked = 0.0
        self._is_answered = True

    def silent_s(self) -> float:
        """Return for how many seconds no answer has come; 0 if one came since this was called last."""
        if self._is_answered:
            self._is_answered, self._asked = False, self._clock()
            self._ask(self._answer)
            return 0.0
        return self._clock() - self._asked

    def _answer(self) -> None:
        self._is_answered = True
