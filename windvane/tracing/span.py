"""Spans: what was done from when to when, as part of which trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from windvane.tracing.context import TraceContext, current_context, new_span_id

Attribute = str | int | float | bool


class SpanKind(StrEnum):
    """The kinds of spans, as OpenTelemetry names them.

    INTERNAL    within a server
    SERVER      answers a request of another program
    CONSUMER    does what was asked for earlier
    """

    INTERNAL = "internal"
    SERVER = "server"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class Span:
    """A span that has ended.

    parent_id          of the span that it is part of; "" for the first one of its trace
    start_ns, end_ns   since 1970, nanoseconds
    attributes         by their names in OpenTelemetry's semantic conventions; `windvane.` begins those that it has none for
    error              what failed; "" if nothing did
    """

    name: str
    kind: SpanKind
    context: TraceContext
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Attribute]
    error: str = ""


def within_times(span: Span, times: object) -> Span:
    """Return a span with the times that another process tells, [began_ns, ended_ns], as far as they lie within its own; the same
    span if they are no times. That process may be anybody's, and its clock another one."""
    match times:
        case [int(began_ns), int(ended_ns)]:
            start_ns = min(max(span.start_ns, began_ns), span.end_ns)
            end_ns = max(start_ns, min(ended_ns, span.end_ns))
            return replace(span, start_ns=start_ns, end_ns=end_ns)
    return span


Record = Callable[[Span], None]
"""Takes in a span that has ended. Safe from any thread; does not block."""


def unrecorded(_: Span) -> None:
    """Record nothing."""


class OpenSpan:
    """A span that has not ended. Its duration does not change with the machine's clock.

    parent_id    "" for the first span of its trace
    """

    def __init__(self, context: TraceContext, parent_id: str = "") -> None:
        self.context = context
        self.parent_id = parent_id
        self._start_ns, self._started = time.time_ns(), time.perf_counter_ns()

    def ended(
        self, name: str, kind: SpanKind, attributes: Mapping[str, Attribute], error: str = ""
    ) -> Span:
        """Return what it was, from when it was begun to now."""
        end_ns = self._start_ns + time.perf_counter_ns() - self._started
        return Span(
            name, kind, self.context, self.parent_id, self._start_ns, end_ns, attributes, error
        )


def open_within(parent: TraceContext) -> OpenSpan:
    """Begin a span that is part of another one."""
    return OpenSpan(TraceContext(parent.trace_id, new_span_id(), True), parent.span_id)


def open_here() -> OpenSpan | None:
    """Begin a span that is part of the one that is recorded now; None outside of one."""
    current = current_context()
    return None if current is None else open_within(current)
