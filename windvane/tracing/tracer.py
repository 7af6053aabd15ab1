"""Which requests are traced: a share of them, and those whose sender says so and is trusted."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from windvane.tracing.context import TraceContext, new_span_id, new_trace_id, read_traceparent
from windvane.tracing.span import OpenSpan, Record, open_within

_DIGITS = 16


class Tracer:
    """Begins the spans with which a trace enters this server, or begins.

    record          takes in spans that have ended
    sample_ratio    share of the requests that are traced, 0 to 1
    trusted         accounts whose requests are traced whatever the share is, if their `traceparent` says so
    """

    def __init__(
        self, record: Record, sample_ratio: float, trusted: AbstractSet[str] = frozenset()
    ) -> None:
        self.record = record
        self._bound = round(sample_ratio * 16**_DIGITS)
        self._trusted = trusted

    def begin(self, traceparent: str = "") -> OpenSpan | None:
        """Begin the span of a request whose caller is not known yet; None if it is not to be recorded, whoever calls.

        A share is chosen by the last digits of the id of its trace, as by every tracer that goes by this rule.

        traceparent    of the request; what is not valid counts as none
        source         TraceIdRatioBased and ParentBased, in "Tracing SDK" of the OpenTelemetry specification
        """
        parent = read_traceparent(traceparent) if traceparent else None
        if parent is not None:
            return open_within(parent) if parent.sampled else None
        trace_id = new_trace_id()
        if int(trace_id[-_DIGITS:], 16) >= self._bound:
            return None
        return OpenSpan(TraceContext(trace_id, new_span_id(), True))

    def kept(self, span: OpenSpan | None, account: str) -> OpenSpan | None:
        """Return a span that `begin` returned, once the account of the caller is known; None if it is not to be recorded.

        Of what others ask to have traced only the share is, chosen by the id that the span got here: they choose that of its
        trace. Asked twice, it answers the same.
        """
        if span is None or not span.parent_id or account in self._trusted:
            return span
        return span if int(span.context.span_id, 16) < self._bound else None
