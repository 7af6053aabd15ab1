"""Heads of requests: which headers may stand in one more than once.

A header that one reader takes the first of, and another the last, lets a request mean two things: what is checked, and
what is done. So every header stands once, those aside that the HTTP standard or an SDK repeats as a list.
"""

from __future__ import annotations

from collections.abc import Iterable

from windvane.errors import InvalidRequest

MAY_REPEAT = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control"),
        *("connection", "cookie", "forwarded", "pragma", "te", "trailer", "via"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"),
        *("x-amz-object-attributes", "x-amz-optional-object-attributes"),
    }
)
"""Lists whose items may come in headers of their own; nothing that is checked before it is acted on."""


class RepeatedHeader(InvalidRequest):
    """A header that has to stand once stands in the request more often."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The header '{name[:64]}' stands in the request more than once; it must stand there once."
        )
        self.name = name


def refuse_repeated(headers: Iterable[tuple[str, str]]) -> None:
    """Check the headers of a request, names in lower case; an empty one counts too.

    raises    RepeatedHeader
    """
    seen: set[str] = set()
    for name, _ in headers:
        if name in seen and name not in MAY_REPEAT:
            raise RepeatedHeader(name)
        seen.add(name)
