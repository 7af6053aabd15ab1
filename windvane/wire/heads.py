"""What is wrong with the head of a request before anybody asks who sent it.

A header that one reader takes the first of, and another the last, lets a request mean two things: what is checked, and
what is done. So every header stands once, those aside that the HTTP standard or an SDK repeats as a list; a method that takes no
body has none; and the length of a body is told once. The web server's parser (cli/protocol.py) holds every connection
to the same; here it is checked of what the AWS protocols and S3 are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from windvane.errors import InvalidRequest, Malformed
from windvane.wire.call import Request

MAX_HEADERS = 100
MAX_TARGET = 1 << 14
"""Characters of path and query: a key of 1,024 bytes takes up to 3 KB percent-encoded, a presigned query 4 KB."""

BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
"""Methods of which no operation served here takes a body."""

_METHOD = re.compile(r"[A-Z]{1,16}")
_MAX_DIGITS = 15

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


def check_head(request: Request) -> None:
    """Refuse a head that can be read in two ways, or is larger than any real one.

    raises    RepeatedHeader; Malformed, which says what is wrong
    """
    if len(request.headers) > MAX_HEADERS:
        raise Malformed(f"The request has more than {MAX_HEADERS} headers.")
    if len(request.path) + len(request.query) > MAX_TARGET:
        raise Malformed(f"The request's target is longer than {MAX_TARGET} characters.")
    if not _METHOD.fullmatch(request.method):
        raise Malformed("The request's method is none.")
    if not request.path.startswith("/"):
        raise Malformed("The request's target must be a path: it must begin with '/'.")
    if len(request.first) != len(request.headers):
        refuse_repeated(request.headers)
    _check_length(request)


def announces_body(request: Request) -> bool:
    """Return whether a body comes behind the head."""
    length = request.first.get("content-length", "")
    return "transfer-encoding" in request.first or bool(length.strip("0"))


def _check_length(request: Request) -> None:
    length, coding = request.first.get("content-length"), request.first.get("transfer-encoding")
    if length is not None and not _is_length(length):
        raise Malformed(f"Content-Length must be a number of bytes, not '{length[:32]}'.")
    if coding is not None:
        if length is not None:
            raise Malformed("Content-Length and Transfer-Encoding exclude each other.")
        if coding.strip().lower() != "chunked":
            raise Malformed("Transfer-Encoding must be 'chunked'.")
    has_body = coding is not None or (length is not None and int(length) > 0)
    if has_body and request.method in BODILESS:
        raise Malformed(f"A {request.method} request has no body: leave it out.")


def _is_length(text: str) -> bool:
    return len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit()
