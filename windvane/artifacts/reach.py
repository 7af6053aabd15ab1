"""Which objects a task may read and write: what its job was admitted with, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from windvane.artifacts.base import Location


def _everything(_: Location) -> bool:
    return True


def _everywhere(_: str) -> bool:
    return True


@dataclass(frozen=True)
class Reach:
    """read       keys that begin as these do may be read and listed
    objects    may be read, each by its whole key
    write      keys that begin as these do may be written, read, listed and deleted
    role       what of `read` and `objects` the job's role lets it read, object by object, below `write` too
    writes     what below `write` the job's role lets it write, object by object
    permits    whether a bucket is one that the job's account may use now: it may change hands while the task runs
    """

    read: tuple[Location, ...] = ()
    objects: frozenset[Location] = frozenset()
    write: tuple[Location, ...] = ()
    role: Callable[[Location], bool] = field(default=_everything, compare=False)
    permits: Callable[[str], bool] = field(default=_everywhere, compare=False)
    writes: Callable[[Location], bool] = field(default=_everything, compare=False)

    def may_read(self, location: Location) -> bool:
        if location in self.objects or _is_under(location, self.read):
            return self.permits(location.bucket) and self.role(location)
        return self._is_output(location)

    def may_list(self, prefix: Location) -> bool:
        return _is_under(prefix, (*self.read, *self.write)) and self.permits(prefix.bucket)

    def may_write(self, location: Location) -> bool:
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
