"""Which objects a task may read and write: what its job was admitted with, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from windvane.artifacts.base import Location


def _everything(_: Location) -> bool:
    return True


def _everywhere(_: str) -> bool:
    return True


_NAME = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,3}", re.ASCII)


@dataclass(frozen=True)
class ExchangeReach:
    """The part of the server's own bucket in which the tasks of one job exchange data,
    as one attempt at one of them may use it: it reads what others have published there, and writes under names that end
    with its own, so that it takes the place of nothing that another has published.

    root        the job's own prefix, without a slash at its end
    attempt     Task.attempt
    most_bytes  that it may write in all
    """

    root: Location
    attempt: str
    most_bytes: int

    def holds(self, location: Location) -> bool:
        """Return whether a key, or the beginning of keys, is below the job's prefix."""
        is_here = location.bucket == self.root.bucket
        return is_here and location.key.startswith(f"{self.root.key}/")

    def may_write(self, location: Location) -> bool:
        """Return whether the attempt may write an object that is below the job's prefix."""
        name, _, attempt = location.key.removeprefix(f"{self.root.key}/").rpartition("/")
        return attempt == self.attempt and _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Reach:
    """The objects that a task may list, read and write.

    read       keys that begin as these do may be read and listed
    objects    may be read, each by its whole key
    write      keys that begin as these do may be written, read, listed and deleted
    role       what of `read` and `objects` the job's role lets it read, object by object, below `write` too
    writes     what below `write` the job's role lets it write, object by object
    permits    whether a bucket is one that the job's account may use now: it may change hands while the task runs
    exchange   where it exchanges data with other tasks of its job, whatever its role may do; None if that is not the store
    """

    read: tuple[Location, ...] = ()
    objects: frozenset[Location] = frozenset()
    write: tuple[Location, ...] = ()
    role: Callable[[Location], bool] = field(default=_everything, compare=False)
    permits: Callable[[str], bool] = field(default=_everywhere, compare=False)
    writes: Callable[[Location], bool] = field(default=_everything, compare=False)
    exchange: ExchangeReach | None = None

    def is_exchanged(self, location: Location) -> bool:
        """Return whether a key, or the beginning of keys, is where tasks of the job exchange data."""
        return self.exchange is not None and self.exchange.holds(location)

    def may_read(self, location: Location) -> bool:
        if self.is_exchanged(location):
            return True
        if location in self.objects or _is_under(location, self.read):
            return self.permits(location.bucket) and self.role(location)
        return self._is_output(location)

    def may_list(self, prefix: Location) -> bool:
        if self.is_exchanged(prefix):
            return True
        return _is_under(prefix, (*self.read, *self.write)) and self.permits(prefix.bucket)

    def may_write(self, location: Location) -> bool:
        if self.exchange is not None and self.exchange.holds(location):
            return self.exchange.may_write(location)
        return self._is_output(location) and self.writes(location)

    def _is_output(self, location: Location) -> bool:
        return _is_under(location, self.write) and self.permits(location.bucket)

    def may_ask_for(self, bucket: str) -> bool:
        """Return whether it may know that there is such a bucket."""
        named = (*self.read, *self.write, *self.objects)
        return any(one.bucket == bucket for one in named) and self.permits(bucket)


def _is_under(location: Location, prefixes: tuple[Location, ...]) -> bool:
    return any(
        location.bucket == prefix.bucket and location.key.startswith(prefix.key)
        for prefix in prefixes
    )
