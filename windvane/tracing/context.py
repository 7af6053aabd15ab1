"""The place of a request or a task in a trace, as the header `traceparent` of W3C Trace Context says it; and that of what this
thread or task of asyncio does now."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_LONGEST = 512
_SAMPLED = 0x01
_HEADER = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[\x21-\x7e]*)?"
)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A trace and the span in it that what follows belongs to."""

    trace_id: str
    """32 hexadecimal digits in lower case, not all 0."""
    span_id: str
    """16 hexadecimal digits in lower case, not all 0."""
    sampled: bool
    """Whether the sender records this trace."""

    @property
    def header(self) -> str:
        """The value of `traceparent` in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def read_traceparent(header: str) -> TraceContext | None:
    """Read the value of `traceparent`; None if it is not valid, which the standard says to ignore.

    Later versions are read as far as version 00 goes (https://www.w3.org/TR/trace-context/, 3.2).
    """
    if len(header) > _LONGEST:
        return None
    found = _HEADER.fullmatch(header)
    if found is None or found["version"] == "ff":
        return None
    if found["version"] == "00" and found["more"] is not None:
        return None
    if not (found["trace"].strip("0") and found["span"].strip("0")):
        return None
    return TraceContext(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))


def new_trace_id() -> str:
    """Return 32 random hexadecimal digits, not all 0."""
    return f"{int.from_bytes(os.urandom(16)) or 1:032x}"


def new_span_id() -> str:
    """Return 16 random hexadecimal digits, not all 0."""
    return f"{int.from_bytes(os.urandom(8)) or 1:016x}"


_CURRENT: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)


def current_context() -> TraceContext | None:
    """Return the span that is recorded now; None outside of one."""
    return _CURRENT.get()


def current_header() -> str:
    """Return the `traceparent` of the span that is recorded now; "" outside of one."""
    current = _CURRENT.get()
    return "" if current is None else current.header


@contextmanager
def within(context: TraceContext | None) -> Iterator[None]:
    """Have what is done meanwhile belong to a span, or to none."""
    token = _CURRENT.set(context)
    try:
        yield
    finally:
        _CURRENT.reset(token)
