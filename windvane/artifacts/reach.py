"""Which objects a task may read and write: what its job was admitted with, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.artifacts.base import Location


@dataclass(frozen=True)
class Reach:
    """read       keys that begin as these do may be read and listed
    objects    may be read, each by its whole key
    write      keys that begin as these do may be written, read, listed and deleted
    """

    read: tuple[Location, ...] = ()
    objects: frozenset[Location] = frozenset()
    write: tuple[Location, ...] = ()

    def may_read(self, location: Location) -> bool:
        return location in self.objects or _is_under(location, (*self.read, *self.write))

    def may_list(self, prefix: Location) -> bool:
        return _is_under(prefix, (*self.read, *self.write))

    def may_write(self, location: Location) -> bool:
        return _is_under(location, self.write)

    def may_ask_for(self, bucket: str) -> bool:
        """Whether it may know that there is such a bucket."""
        return any(one.bucket == bucket for one in (*self.read, *self.write, *self.objects))


def _is_under(location: Location, prefixes: tuple[Location, ...]) -> bool:
    return any(
        location.bucket == prefix.bucket and location.key.startswith(prefix.key)
        for prefix in prefixes
    )
