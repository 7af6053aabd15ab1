"""Walks over request members by path, and the refusal of those that are not served.

A path names members as the service model does, '*' stands for every item of a list:
'InputDataConfig.*.ChannelType'. Messages write it as AWS does: 'inputDataConfig.1.member.channelType'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Request = Mapping[str, Any]


class Translated(dict[str, Any]):
    """A request in the words of another operation than it was sent to, which rules are written for.

    calls    place in those words -> the same in the words of its own operation, which messages are told in
    """

    def __init__(self, members: Mapping[str, Any], calls: Callable[[str], str]) -> None:
        super().__init__(members)
        self.calls = calls


def called(request: Request, place: str) -> str:
    """Return a place in a request, in AWS's spelling, as whoever sent it calls it."""
    return request.calls(place) if isinstance(request, Translated) else place


def found(request: Request, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every member at this path as (AWS's spelling of its place, value)."""
    for place, value in _found(request, path.split("."), ""):
        yield called(request, place), value


def first(request: Request, path: str) -> Any:
    """Return the value of the first member at this path, or None."""
    return next((value for _, value in found(request, path)), None)


@dataclass(frozen=True)
class Member:
    """The value of a request at a place.

    place    as AWS's messages call it
    value    None if it says nothing there
    """

    place: str
    value: Any


def member_at(request: Request, path: str) -> Member:
    """Return the member at a path without '*'."""
    return Member(called(request, spelled(path)), first(request, path))


def spelled(path: str) -> str:
    """Return a path without '*' as AWS's messages call it."""
    return ".".join(name[0].lower() + name[1:] for name in path.split("."))


def _found(value: Any, names: list[str], place: str) -> Iterator[tuple[str, Any]]:
    if not names:
        yield place, value
    elif names[0] == "*":
        for number, item in enumerate(value, start=1):
            yield from _found(item, names[1:], f"{place}.{number}.member")
    elif names[0] in value:
        name = spelled(names[0])
        yield from _found(value[names[0]], names[1:], f"{place}.{name}" if place else name)


def is_empty(value: Any) -> bool:
    """Return whether a value asks for nothing: "", {}, [], or a list or map of nothing else."""
    if isinstance(value, Mapping):
        return all(is_empty(item) for item in value.values())
    if isinstance(value, list):
        return all(is_empty(item) for item in value)
    return value is None or value == ""


@dataclass(frozen=True)
class Unserved:
    """A member that is refused unless it is absent, empty, or has one of the accepted values."""

    path: str
    accepted: tuple[Any, ...] = ()

    def faults(self, request: Request) -> Iterator[str]:
        for place, value in found(request, self.path):
            if is_empty(value) or value in self.accepted:
                continue
            if self.accepted:
                served = ", ".join(_shown(choice) for choice in self.accepted)
                yield (
                    f"Value '{_shown(value)}' at '{place}' is not supported by this server: "
                    f"leave it out or choose one of: {served}."
                )
            else:
                yield f"The member '{place}' is not supported by this server: leave it out."


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
