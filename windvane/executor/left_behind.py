"""The work of a node to which nobody attends any more: the worker of Ray that did is gone, or the server that gave it is silent.

It goes on for a while, and so does the memory of how it ended, for its owner to take up again, or for another server to take over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from windvane.executor.base import Ended, News, Said

_KEPT_S = 60.0
"""A server is taken for dead after nine seconds, and tasks take tens of seconds."""


@dataclass(frozen=True)
class Given:
    """A piece of work as a node was given it.

    owner       who gave it, or has taken it over
    key         its key among all work of its owners; on the node it has a number
    cpus, memory_mb
                that it needs
    is_member   whether it is one of the members of a gang, which end together
    """

    owner: str
    key: str
    cpus: int
    memory_mb: int
    is_member: bool


@dataclass
class Left:
    """A piece of work that was left behind.

    number   that it has on the node
    until    the time until which it may be taken over
    said     what it has said last
    ended    its end, if that has come
    """

    number: str
    given: Given
    until: float
    said: Said | None = None
    ended: Ended | None = None

    @property
    def news(self) -> list[News]:
        """What is to be told to whoever takes it over."""
        return [one for one in (self.said, self.ended) if one is not None]


class LeftBehind:
    """Keeps what was left behind on a node.

    clock    in seconds
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, Left] = {}

    def leave(self, number: str, given: Given, said: Said | None) -> None:
        """Keep work that runs.

        said    what it has said last
        """
        self._left[number] = Left(number, given, self._clock() + _KEPT_S, said)

    def hear(self, news: News) -> bool:
        """Return whether this is news of work that was left behind; it is kept then."""
        left = self._left.get(news.key)
        if left is None:
            return False
        if isinstance(news, Said):
            left.said = news
        else:
            left.ended = news
        return True

    def keys(self, owner: str, silent: Collection[str]) -> list[str]:
        """Return the keys of the work of an owner, and of those that are silent."""
        return [
            left.given.key
            for left in self._left.values()
            if left.given.owner == owner or left.given.owner in silent
        ]

    def owners(self) -> set[str]:
        return {left.given.owner for left in self._left.values()}

    def take(self, key: str) -> Left | None:
        """Return the work of a key, which is left no more; None if there is none."""
        left = next((one for one in self._left.values() if one.given.key == key), None)
        if left is not None:
            del self._left[left.number]
        return left

    def has(self, number: str) -> bool:
        """Return whether work of a number is here."""
        return number in self._left

    def given_up(self) -> list[str]:
        """Return the numbers of work that nobody took over in time, and forget it."""
        now = self._clock()
        late = [number for number, left in self._left.items() if left.until <= now]
        for number in late:
            del self._left[number]
        return late
